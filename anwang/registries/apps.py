from django.apps import AppConfig


class RegistriesConfig(AppConfig):
    name = "anwang.registries"
    label = "registries"
