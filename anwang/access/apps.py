from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "anwang.access"
    label = "access"
