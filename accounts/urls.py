"""Pages."""

from django.urls import path

from accounts import customer_view_views, link_views, views

app_name = "accounts"
MEMBERS = "t/<slug:tenant>/members/"
KEYS = "t/<slug:tenant>/keys/"
urlpatterns = [
    path("link/<str:token>/", link_views.follow, name="link"),
    path("t/<slug:tenant>/view-as/", customer_view_views.start, name="view_as"),
    path("t/<slug:tenant>/view-as/leave/", customer_view_views.leave, name="leave_view_as"),
    path(MEMBERS, views.members, name="members"),
    path(f"{MEMBERS}add/", views.add_member, name="add_member"),
    path(f"{MEMBERS}<uuid:member>/role/", views.change_role, name="change_role"),
    path(f"{MEMBERS}<uuid:member>/remove/", views.remove_member, name="remove_member"),
    path(f"{MEMBERS}<uuid:member>/invite/", views.invite_again, name="invite_again"),
    path(KEYS, views.keys, name="keys"),
    path(f"{KEYS}create/", views.create_key, name="create_key"),
    path(f"{KEYS}<uuid:key>/revoke/", views.revoke_key, name="revoke_key"),
    path(f"{KEYS}<uuid:key>/rotate/", views.rotate_key, name="rotate_key"),
    path("t/<slug:tenant>/audit/", views.audit, name="audit"),
]
