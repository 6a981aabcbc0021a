"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from anwang.common.memory import gather_memory, settle_memory

gather_memory()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
application = get_wsgi_application()
settle_memory()
