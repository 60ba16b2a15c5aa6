import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only for trying out")
DEBUG = True
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["pokea.client.django", "shop"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

POKEA_URL = os.environ.get("POKEA_URL", "http://127.0.0.1:8000")
POKEA_TOKEN = os.environ["POKEA_TOKEN"]
POKEA_WEBHOOK_SECRET = os.environ["POKEA_WEBHOOK_SECRET"]
