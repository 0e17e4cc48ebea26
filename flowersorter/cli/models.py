"""The commands about the model library: ``models list``, ``import``, ``use`` and their like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flowersorter.cli import output, words
from flowersorter.cli.call import EXIT_DONE, Call, Parser, a_path, add_command, changing_files
from flowersorter.records import Code, Refused
from flowersorter.settings import save


def add_models(commands: Any) -> None:
    """Declare ``models`` with all that can be done with them."""
    models = add_command(commands, "models", _list, "the model library")
    actions = models.add_subparsers(title="what", required=True, parser_class=Parser)
    add_command(actions, "list", _list, "show the models")
    add_command(actions, "import", _import, "take a model in").add_argument(
        "path", type=a_path, metavar="PATH"
    )
    export = add_command(actions, "export", _export, "write a model to a file")
    export.add_argument("name", metavar="NAME")
    export.add_argument("path", type=a_path, metavar="PATH")
    export.add_argument("--without-teaching", action="store_true", help="leave out what it was taught with")
    add_command(actions, "remove", _remove, "delete a model").add_argument("name", metavar="NAME")
    add_command(actions, "versions", _versions, "show all versions").add_argument("name", metavar="NAME")
    use = add_command(actions, "use", _use, "name photos with this model")
    use.add_argument("name", metavar="NAME")
    use.add_argument("version", metavar="VERSION", nargs="?", type=int, help="(default: the one in force)")
    back = add_command(actions, "back", _back, "put the version before in force")
    back.add_argument("name", metavar="NAME")


def _list(call: Call) -> int:
    from flowersorter.jobs.models import list_models

    models = list_models(call.home)
    call.out.answer([output.model_json(model) for model in models], words.models_text(models))
    return EXIT_DONE


def _import(call: Call) -> int:
    from flowersorter.jobs.models import import_model

    with changing_files(call):
        model = import_model(call.home, call.options.path)
    call.out.answer(output.model_json(model), f"Imported “{model.name}”.")
    return EXIT_DONE


def _export(call: Call) -> int:
    from flowersorter.jobs.models import export_model

    options = call.options
    with_teaching = not options.without_teaching
    path = export_model(call.home, options.name, options.path, include_teaching=with_teaching)
    call.out.answer({"model": options.name, "path": str(path)}, f"Exported “{options.name}” to {path}.")
    return EXIT_DONE


def _remove(call: Call) -> int:
    from flowersorter.jobs.models import remove_model, slug

    with changing_files(call):
        remove_model(call.home, call.options.name)
        if slug(call.settings.model) == slug(call.options.name):
            save(call.home.settings_file, replace(call.settings, model=""))
    call.out.answer({"removed": call.options.name}, f"Removed “{call.options.name}”.")
    return EXIT_DONE


def _versions(call: Call) -> int:
    from flowersorter.jobs.models import list_versions

    versions = list_versions(call.home, call.options.name)
    if not versions:
        raise Refused(Code.MODEL_NOT_FOUND, model=call.options.name)
    call.out.answer([output.model_json(model) for model in versions], words.models_text(versions))
    return EXIT_DONE


def _use(call: Call) -> int:
    from flowersorter.jobs.models import find_model, slug, use_version

    name, version = call.options.name, call.options.version
    with changing_files(call):
        model = find_model(call.home, call.settings, name)
        if slug(model.name) != slug(name):  # a folder elsewhere; it has to be imported first
            raise Refused(Code.MODEL_NOT_FOUND, model=name)
        if version is not None:
            model = use_version(call.home, name, version)
        save(call.home.settings_file, replace(call.settings, model=model.name))
    call.out.answer(output.model_json(model), f"“{model.name}”, version {model.version}, is in use.")
    return EXIT_DONE


def _back(call: Call) -> int:
    from flowersorter.jobs.models import go_back

    with changing_files(call):
        model = go_back(call.home, call.options.name)
    call.out.answer(output.model_json(model), f"“{model.name}” is at version {model.version} now.")
    return EXIT_DONE
