"""Keys of an editor in the order in which they were typed."""

from textual import events
from textual.binding import NoBinding
from textual.widget import Widget


async def act_at_once(editor: Widget, event: events.Key) -> None:
    """Do what a key is bound to in an editor, if anything, before the next key is looked at.

    Textual puts text in at once but sends a bound key by way of all parents to the app: on a fast line, or
    while a reply streams, the text that is typed after ctrl+u arrives before it and is deleted by it.
    """
    try:
        bindings = editor._bindings.get_bindings_for_key(event.key)
    except NoBinding:
        return
    for binding in bindings:
        if await editor.app.run_action(binding.action, editor):
            event.stop()
            event.prevent_default()
            return
