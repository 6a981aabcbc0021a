from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "anwang.triage"
    label = "triage"
