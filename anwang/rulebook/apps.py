from django.apps import AppConfig


class RulebookConfig(AppConfig):
    name = "anwang.rulebook"
    label = "rulebook"
