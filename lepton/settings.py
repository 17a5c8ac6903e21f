"""All settings, read from the environment; nothing here starts or connects to anything."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from lepton import embedded
from lepton.lib.machine import answering_threads, threads_each
from lepton.lib.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = os.environ.get


def flag(name: str) -> bool:
    return env(name, "").lower() in {"1", "true", "yes", "on"}


# --- Where we are -----------------------------------------------------------------------------
LEPTON_HOME = Path(env("LEPTON_HOME") or BASE_DIR / ".lepton").resolve()
LEPTON_HOST = env("LEPTON_HOST", "127.0.0.1")
LEPTON_PORT = int(env("LEPTON_PORT", "8000"))
LEPTON_INFERENCE_PORT = int(env("LEPTON_INFERENCE_PORT", "8001"))
LEPTON_PUBLIC_URL = env("LEPTON_PUBLIC_URL", f"http://{LEPTON_HOST}:{LEPTON_PORT}").rstrip("/")
LEPTON_INFERENCE_URL = env(
    "LEPTON_INFERENCE_URL", f"http://{LEPTON_HOST}:{LEPTON_INFERENCE_PORT}"
).rstrip("/")
LEPTON_INFERENCE_BACKEND = env("LEPTON_INFERENCE_BACKEND")  # where this machine reaches it
LEPTON_WEIGHTS_DIR = Path(env("LEPTON_WEIGHTS_DIR") or LEPTON_HOME / "weights")
LEPTON_DOWNLOAD_WEIGHTS = flag("LEPTON_DOWNLOAD_WEIGHTS")  # else they must lie in the folder
LEPTON_CACHE_DIR = Path(env("LEPTON_CACHE_DIR") or LEPTON_HOME / "cache")
# Of a run; the data plane is the other process that computes.
LEPTON_THREADS = int(env("LEPTON_THREADS") or threads_each(2))
LEPTON_TRAINING_DEVICES = int(env("LEPTON_TRAINING_DEVICES", "0"))  # of a fine-tuning; 0: all GPUs

# Who runs this installation, as certificates name them
LEPTON_VENDOR_NAME = env("LEPTON_VENDOR_NAME", "Lepton")

DEBUG = flag("LEPTON_DEBUG")
SECRET_KEY = env("LEPTON_SECRET_KEY") or secret_key(LEPTON_HOME)
ALLOWED_HOSTS = env("LEPTON_ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{LEPTON_HOST}").split(",")
CSRF_TRUSTED_ORIGINS = [LEPTON_PUBLIC_URL]
SECURE = LEPTON_PUBLIC_URL.startswith("https://")

# --- Leases of runs and imports (seconds) -----------------------------------------------------
LEPTON_LEASE_SECONDS = float(env("LEPTON_LEASE_SECONDS", "90"))
LEPTON_HEARTBEAT_SECONDS = float(env("LEPTON_HEARTBEAT_SECONDS", "20"))
LEPTON_SWEEP_SECONDS = float(env("LEPTON_SWEEP_SECONDS", "15"))
LEPTON_STALL_SECONDS = float(env("LEPTON_STALL_SECONDS", "3600"))
LEPTON_PAUSE_SECONDS = float(env("LEPTON_PAUSE_SECONDS", "300"))
LEPTON_TENANT_RUNS = int(env("LEPTON_TENANT_RUNS", "0"))
LEPTON_DRIFT_SECONDS = float(env("LEPTON_DRIFT_SECONDS", "3600"))  # between two looks at traffic

# --- Webhooks: for development, http and addresses inside private networks too ------------------
LEPTON_WEBHOOK_PRIVATE = flag("LEPTON_WEBHOOK_PRIVATE")

# --- Limits of what people send ---------------------------------------------------------------
LEPTON_MAX_UPLOAD_BYTES = int(env("LEPTON_MAX_UPLOAD_BYTES", str(2 * 1024**3)))
LEPTON_MAX_IMPORT_FILES = int(env("LEPTON_MAX_IMPORT_FILES", "20000"))
LEPTON_MAX_REQUEST_BYTES = int(env("LEPTON_MAX_REQUEST_BYTES", str(20 * 1024**2)))
LEPTON_KEY_IMAGES_PER_SECOND = float(env("LEPTON_KEY_IMAGES_PER_SECOND", "200"))
LEPTON_TENANT_IN_FLIGHT = int(env("LEPTON_TENANT_IN_FLIGHT", "48"))

# --- Data plane ---------------------------------------------------------------------------------
LEPTON_INFERENCE_PROCESSES = int(env("LEPTON_INFERENCE_PROCESSES", "1"))
LEPTON_INFERENCE_THREADS = int(  # that decode and run
    env("LEPTON_INFERENCE_THREADS") or answering_threads(LEPTON_INFERENCE_PROCESSES)
)
LEPTON_RUNTIME = env("LEPTON_RUNTIME", "onnx")
LEPTON_MODELS_BYTES = int(env("LEPTON_MODELS_BYTES", str(2 * 1024**3)))
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2

# --- Apps -------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lepton",
    "accounts",
    "engagements",
    "enablement",
    "training",
    "serving",
    "feedback",
]
MIDDLEWARE = [
    "lepton.lib.tracing.traced",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "lepton.health.NamedHostsExceptForProbes",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lepton.lib.conditional.conditional",
]
ROOT_URLCONF = "lepton.urls"
ASGI_APPLICATION = "lepton.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lepton.lib.navigation.navigation",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database: `default` is the app login under row level security, `owner` only migrates --------
_app_url = env("DATABASE_URL") or embedded.database_url(LEPTON_HOME, "app")
_owner_url = env("DATABASE_OWNER_URL") or (
    env("DATABASE_URL") or embedded.database_url(LEPTON_HOME, "owner")
)
DATABASES = {
    "default": dj_database_url.parse(_app_url, conn_max_age=60, conn_health_checks=True),
    "owner": dj_database_url.parse(_owner_url),
}
# One login for both: the app still runs under the app role, so row level security binds it.
if env("DATABASE_URL") and not env("DATABASE_OWNER_URL"):
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c role=lepton_app"
DATABASE_ROUTERS = ["accounts.scoping.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, live events -----------------------------------------------------------------
REDIS_URL = env("REDIS_URL") or embedded.redis_url(LEPTON_HOME)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}


# --- Storage: everything a tenant owns goes through here ------------------------------------------
def s3_storage(bucket: str, endpoint_url: str | None) -> dict:
    """The storage of a bucket; keys and region come from the usual AWS_* variables."""
    options = {
        "bucket_name": bucket,
        "endpoint_url": endpoint_url,
        "addressing_style": "path" if endpoint_url else "auto",
        "signature_version": "s3v4",
        "file_overwrite": True,
        "default_acl": None,
        "max_memory_size": 16 * 1024**2,  # of a file being read; the rest goes to disk
        "querystring_auth": True,
        "querystring_expire": 300,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


if env("LEPTON_S3_BUCKET"):
    _storage = s3_storage(env("LEPTON_S3_BUCKET"), env("LEPTON_S3_ENDPOINT_URL"))
    _s3_url = env("LEPTON_S3_ENDPOINT_URL") or f"https://{env('LEPTON_S3_BUCKET')}.s3.amazonaws.com"
    _media_origins = ["{0.scheme}://{0.netloc}".format(urlsplit(_s3_url))]
else:
    _media_origins = []
    _storage = {
        "BACKEND": "lepton.lib.storage.LocalStorage",
        "OPTIONS": {
            "location": LEPTON_HOME / "storage",
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
STORAGES = {
    "default": _storage,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if (BASE_DIR / "staticfiles" / "staticfiles.json").exists() and not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# --- People -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.InvitationOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # who was invited is in as soon as they chose a password
# Addresses are not verified by a mail of their own: whoever has one was invited to it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Lepton"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "engagements:home"
# Where replies to tickets go, as in support@example.org; "" for replies on the page alone.
LEPTON_REPLY_ADDRESS = env("LEPTON_REPLY_ADDRESS", "")
# With a host mails go out by SMTP, without one to the terminal.
EMAIL_HOST = env("LEPTON_EMAIL_HOST", "")
EMAIL_PORT = int(env("LEPTON_EMAIL_PORT", "587"))
EMAIL_HOST_USER = env("LEPTON_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env("LEPTON_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env("LEPTON_EMAIL_TLS", "1") == "1"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("LEPTON_EMAIL_FROM", "lepton@localhost")
EMAIL_BACKEND = env(
    "LEPTON_EMAIL_BACKEND",
    f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend",
)

# --- Transport ------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", "data:", *_media_origins],
        "media-src": [SELF, *_media_origins],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# --- Words, numbers, times ----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "UTC"

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lepton.lib.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lepton.lib.paging.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lepton.lib.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lepton",
    "DESCRIPTION": "Engagements, data, runs, endpoints and feedback of one tenant.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # No validator badge: it would be asked for from somebody else's server.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lepton.lib.conditional.describe",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ChallengerStateEnum": "serving.models.Challenger.State",
        "ChallengerVariantEnum": "serving.models.Challenger.Variant",
        "MethodEnum": "training.models.Run.Method",
        "TrainedMethodEnum": "training.models.run.TRAINED",
        "ExplanationMethodEnum": "training.models.Explanation.Method",
        "ImportStateEnum": "training.models.Import.State",
        "RunStateEnum": "training.models.Run.State",
        "TicketStateEnum": "feedback.models.Ticket.State",
        "TicketSeverityEnum": "engagements.response.Severity",
        "ErasureStateEnum": "feedback.models.Erasure.State",
        "ErasureKindEnum": "feedback.models.Erasure.Kind",
        "KeyStateEnum": "accounts.models.ApiKey.State",
        "PhaseEnum": "engagements.phases.Phase",
        "MetricEnum": "engagements.models.Requirement.Metric",
        "AlertMetricEnum": "feedback.models.AlertRule.Metric",
        "AlertSeverityEnum": "feedback.models.AlertRule.Severity",
        "VerdictOutcomeEnum": "engagements.models.Outcome",
        "SideEnum": "engagements.models.Side",
        "SignoffKindEnum": "engagements.models.Signoff.Kind",
        "SplitPolicyEnum": "training.models.DatasetVersion.SplitPolicy",
        "DeploymentStateEnum": "serving.models.Deployment.State",
        "VerdictEnum": "feedback.models.Feedback.Verdict",
        "ReviewVerdictEnum": "feedback.models.Review.Verdict",
        "ReceiptStateEnum": "feedback.models.Receipt.State",
        "DataIterationStateEnum": "feedback.models.DataIteration.State",
        "IterationMethodEnum": "feedback.models.IterationPolicy.Method",
    },
}

# --- Celery: it only wakes a worker; the row is the truth -----------------------------------------
CELERY_BROKER_URL = (
    f"redis+socket://{REDIS_URL[7:]}" if REDIS_URL.startswith("unix:") else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ROUTES = {
    "training.tasks.wake_runs": {"queue": "runs"},
    # as long as somebody's data is large
    "training.tasks.wake_imports": {"queue": "imports"},
    "serving.tasks.wake_bulk": {"queue": "imports"},
    "feedback.tasks.look_for_drift": {"queue": "imports"},
    "feedback.tasks.wake_erasures": {"queue": "imports"},
    "serving.tasks.wake_exercises": {"queue": "checks"},
    # over in seconds, and somebody waits for it
    "training.tasks.wake_explanations": {"queue": "quick"},
    "engagements.tasks.refresh_standings": {"queue": "quick"},
    "engagements.tasks.wake_deliveries": {"queue": "quick"},
    "feedback.tasks.watch": {"queue": "quick"},
    "feedback.iteration.tasks.wake_data_iterations": {"queue": "quick"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LEPTON_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
