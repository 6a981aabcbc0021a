from django.apps import AppConfig


class HouseholdsConfig(AppConfig):
    name = "anwang.households"
    label = "households"
