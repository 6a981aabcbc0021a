from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "anwang.common"
    label = "common"
