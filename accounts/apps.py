"""Who: users, tenants, memberships, API keys, audit."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
