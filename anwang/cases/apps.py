from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "anwang.cases"
    label = "cases"
