"""The websockets of live pages, which tell a browser what to look at again.

`/live/<tenant>/` is for a tenant's pages, `/live/` for the board of vendor staff.
"""

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts import access
from lepton.lib.live import PORTFOLIO, group_of


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Passes on a tenant's announcements; carries no data, so there is nothing to leak."""

    async def connect(self):
        group = await self.group_to_watch()
        if group is None:
            await self.close(code=4404)
            return
        self.topics = None  # until the browser names them: everything
        self.group = group
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_json({"topic": "*"})  # whatever changed while there was no socket

    async def disconnect(self, code):
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content, **kwargs):
        topics = content.get("topics") if isinstance(content, dict) else None
        if isinstance(topics, list):
            self.topics = {str(topic)[:100] for topic in topics[:200]}

    async def look_again(self, event):
        if self.topics is None or event["topic"] in self.topics:
            await self.send_json({"topic": event["topic"]})

    @database_sync_to_async
    def group_to_watch(self):
        """The channel group this person may watch at this address, or None."""
        user, slug = self.scope["user"], self.scope["url_route"]["kwargs"]["tenant"]
        tenant = access.tenant_of(user, slug) if user.is_authenticated else None
        return tenant and group_of(tenant.id)


class BoardConsumer(LiveConsumer):
    """Tells vendor staff that some engagement changed, not which."""

    @database_sync_to_async
    def group_to_watch(self):
        user = self.scope["user"]
        return PORTFOLIO if user.is_authenticated and user.is_vendor_staff else None
