"""What the keys of the room do to the models of its server."""

import math
from abc import abstractmethod
from collections.abc import Callable
from functools import partial

from textual import work
from textual.getters import query_one

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.model_admin import ModelAction, StoredModel
from llmtui.core.text import sanitise_line
from llmtui.services.shelf import keep_alive_of
from llmtui.ui.modals.ask_text import AskText
from llmtui.ui.modals.question import Question
from llmtui.ui.room.actions import ROOM_BY_ID
from llmtui.ui.room.models_pane import ModelsPane
from llmtui.ui.room.new_model import NewModel, NewModelDialog
from llmtui.ui.room.transfers import TransferRoom
from llmtui.ui.transfer_words import amount, lasting


class ShelfRoom(TransferRoom):
    """The part of the room that acts on stored and running models."""

    models_pane = query_one(ModelsPane)

    def action_show_model(self) -> None:
        """Show all that the server tells of the marked model."""
        if (model := self._subject("show-model")) is not None:
            self._show(self.host.id, model.name)

    @work(group="show", exclusive=True, exit_on_error=False)
    async def _show(self, provider_id: str, name: str) -> None:
        from llmtui.ui.room.model_details import ModelDetailsView

        try:
            details = await self.services.shelf().show(provider_id, name)
        except LlmtuiError as error:
            self.say_error(error)
            return
        if self.is_current:
            self.app.push_screen(ModelDetailsView(details))

    def action_talk_to_model(self) -> None:
        """Close, and talk to the marked model."""
        if (model := self._subject("talk-to-model")) is not None:
            self.dismiss(Target(self.host.id, model.name))

    def action_load_model(self) -> None:
        """Take the marked model into memory."""
        if (model := self._subject("load-model")) is not None:
            doing = partial(self.services.shelf().load, self.host.id, model.name)
            name = sanitise_line(model.name)
            self.act(f"loading {name} …", doing, f"{name} is in memory")

    def action_unload_model(self) -> None:
        """Give the memory of the marked model back."""
        if (model := self._subject("unload-model")) is not None:
            doing = partial(self.services.shelf().unload, self.host.id, model.name)
            name = sanitise_line(model.name)
            self.act(f"unloading {name} …", doing, f"{name} is unloaded")

    def action_keep_model(self) -> None:
        """Say how long the marked model stays in memory."""
        model = self._subject("keep-model")
        if model is None:
            return

        def keep(text: str | None) -> None:
            if text is None:
                return
            try:
                seconds = keep_alive_of(text)
            except LlmtuiError as error:
                self.say_error(error)
                return
            shelf, name = self.services.shelf(), sanitise_line(model.name)
            if seconds == 0:
                unload = partial(shelf.unload, self.host.id, model.name)
                self.act(f"unloading {name} …", unload, f"{name} is unloaded")
                return
            time = "for ever" if seconds == math.inf else f"for {lasting(seconds)} after its last use"
            load = partial(shelf.load, self.host.id, model.name, seconds)
            self.act(f"loading {name} …", load, f"{name} stays {time}")

        ask = AskText(
            "Keep in memory",
            text=f"How long {sanitise_line(model.name)} stays after its last use.",
            placeholder="such as 30m, 2h or forever; 0 unloads it",
            does="keep",
        )
        self.app.push_screen(ask, keep)

    def action_copy_model(self) -> None:
        """Give the marked model a second name."""
        model = self._subject("copy-model")
        if model is None:
            return

        def copy(name: str | None) -> None:
            if name is not None and self.shelf.has(name):
                # A server would drop the model that has the name, and say nothing.
                self.say(f"not copied: there is a {sanitise_line(name)} already", "warning")
            elif name is not None:
                doing = partial(self.services.shelf().copy, self.host.id, model.name, name)
                self.act("copying …", doing, f"{sanitise_line(model.name)} is {sanitise_line(name)}, too")

        text = f"Another name for {sanitise_line(model.name)}."
        self.app.push_screen(AskText("Copy", model.name, text=text, does="copy"), copy)

    def action_delete_model(self) -> None:
        """Delete the marked model, after a question; its name is to be typed where the files go with it."""
        model = self._subject("delete-model")
        if model is None:
            return
        name = sanitise_line(model.name)
        if self.shelf.is_last(model):
            files = f"its {amount(model.size)}" if model.size else "its files"
            text = f"{name} goes with {files}. Type its name to delete it."
            ask = AskText("Delete?", text=text, placeholder=name, does="delete")
            self.app.push_screen(ask, self._delete_if_named(model))
            return

        def delete(answer: str | None) -> None:
            if answer == "y":
                self._delete(model)

        text = f"{name} goes; the files stay, for another name has them too."
        self.app.push_screen(Question("Delete?", text, {"y": "delete the name"}), delete)

    def action_create_model(self) -> None:
        """Make a model by a Modelfile."""
        if self.refused(ROOM_BY_ID["create-model"]):
            return

        def create(new: NewModel | None) -> None:
            if new is not None and self.shelf.has(new.name):
                text = f"There is a {sanitise_line(new.name)} already; the new one takes its name."
                self.app.push_screen(
                    Question("Replace?", text, {"y": "replace it"}),
                    lambda answer: self._create(new) if answer == "y" else None,
                )
            elif new is not None:
                self._create(new)

        model = self.models_pane.marked
        self.app.push_screen(NewModelDialog(f"FROM {model.name}\n" if model else "FROM "), create)

    def action_push_model(self) -> None:
        """Push the marked model to its registry."""
        if (model := self._subject("push-model")) is None:
            return

        def push(answer: str | None) -> None:
            if answer == "y":
                self.begin(ModelAction.PUSH, model.name)
                self.show_on_the_way()

        name = sanitise_line(model.name)
        text = f"{name} goes from {sanitise_line(self.host.name)} to its registry, for others to see."
        self.app.push_screen(Question("Push?", text, {"y": "push it"}), push)

    def action_update_model(self) -> None:
        """Pull the marked model again: what is new of it."""
        if (model := self._subject("update-model")) is not None:
            self.begin(ModelAction.PULL, model.name)
            self.show_on_the_way()

    def action_sort_models(self) -> None:
        """Sort the models by something else."""
        self.action_show_models()
        self.say(f"sorted by {self.models_pane.sort_by_next()}")

    def action_filter_models(self) -> None:
        """Narrow the models by their names."""
        self.action_show_models()
        self.models_pane.begin_filter()

    def action_look_again(self) -> None:
        """Ask the server for its models."""
        self.action_show_models()
        self.look_again()

    @abstractmethod
    def show_on_the_way(self) -> None:
        """Show the transfers, with the keys on them."""

    @abstractmethod
    def action_show_models(self) -> None:
        """Show the models of the server."""

    def _create(self, new: NewModel) -> None:
        self.begin(ModelAction.CREATE, new.name, new.modelfile)
        self.show_on_the_way()

    def _delete_if_named(self, model: StoredModel) -> Callable[[str | None], None]:
        def delete(typed: str | None) -> None:
            if typed == model.name:
                self._delete(model)
            elif typed is not None:
                self.say(f"not deleted: its name is {sanitise_line(model.name)}", "warning")

        return delete

    def _delete(self, model: StoredModel) -> None:
        name = sanitise_line(model.name)
        doing = partial(self.services.shelf().delete, self.host.id, model.name)
        self.act(f"deleting {name} …", doing, f"{name} is deleted")

    def _subject(self, action_id: str) -> StoredModel | None:
        """The model that an action is about; None, and the person is told, where there is none."""
        if self.refused(ROOM_BY_ID[action_id]):
            return None
        model = self.models_pane.marked
        if model is None:
            self.say("no model is marked", "warning")
        return model
