from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "anwang.intake"
    label = "intake"
