from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "anwang.people"
    label = "people"
