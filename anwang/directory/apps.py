from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "anwang.directory"
    label = "directory"
