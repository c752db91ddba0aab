"""`washhouse model`: fit, judge, promote, roll back, retire and read outcome models."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile, MemoryLimit, Threads
from washhouse.cli.progress import waiting
from washhouse.cli.settings import read_settings
from washhouse.core.errors import InputError
from washhouse.core.home import Home, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="The outcome model, e.g. crisis.")]
By: TypeAlias = Annotated[str, typer.Option("--by", help="Who does it; your name on this machine if left out.")]
VersionOf: TypeAlias = Annotated[str, typer.Option("--version", help="One model, as `model list` names it.")]


@app.callback()
def model() -> None:
    """Fit, judge, promote, roll back and retire the outcome models of a home, and read what is written about them.

    Example: washhouse model list --home home
    """


@app.command("list")
def list_command(home: HomeThere, as_json: AsJson = False) -> None:
    """Name every model with its state: champion (it scores), challenger (it waits) or retired.

    Exit status: 0 done; 3 no such home; 5 broken home.

    Example: washhouse model list --home home
    """
    from washhouse.pipeline.modelling import list_models

    found = list_models(_home(home))
    if as_json:
        typer.echo(json.dumps({"models": found}, ensure_ascii=False))
        return
    for each in found:
        typer.echo(f"{each['model']}: {each['title']}")
        for one in each["versions"]:
            failed = f"; fails {len(one['failed_gates'])} of its gates" if one["failed_gates"] else ""
            typer.echo(f"  {one['version']}  {one['state']:10}  {one['since']}  {one['by']}: {one['reason']}{failed}")
        if not each["versions"]:
            typer.echo("  no model")


@app.command()
def fit(
    name: Name,
    home: HomeThere,
    by: By = "",
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "fitted anew",
    as_json: AsJson = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Fit a model on the published version and keep it as the challenger: it scores nobody before it is promoted.

    Exit status: 0 done, also where the history holds too little for a model; 3 no such model; 5 broken or locked home.

    Example: washhouse model fit crisis --home home
    """
    from washhouse.pipeline.modelling import fit_challenger

    where = _home(home)
    settings = read_settings(where, threads=threads, memory_limit=memory_limit, key_file=key_file, desk_url=desk_url)
    with waiting(f"fitting {name}"):
        told = fit_challenger(where, settings, name, actor=_actor(by), reason=reason)
    _tell(told, as_json, f"{name}: {told.get('version', 'no model')} ({told['status']}). {told['message']}")


@app.command()
def evaluate(
    name: Name,
    home: HomeThere,
    version: VersionOf = "",
    checks: Annotated[
        bool,
        typer.Option("--checks", help="Also fit on shuffled outcomes, and on half of the practices; takes minutes."),
    ] = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also fit without what each source sent: what is it worth? Takes minutes.")
    ] = False,
    as_json: AsJson = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Judge a model, the champion unless another is named, on what became known since its test.

    Exit status: 0 done, also where too little is known since; 3 no such model; 5 broken or locked home.

    Example: washhouse model evaluate crisis --home home
    """
    from washhouse.pipeline.modelling import evaluate_model

    where = _home(home)
    settings = read_settings(where, threads=threads, memory_limit=memory_limit, key_file=key_file, desk_url=desk_url)
    with waiting(f"judging {name}"):
        told = evaluate_model(where, settings, name, version=version, checks=checks, sources=sources)
    lines = [f"{name} {told['version']}, {told['state']}; every figure is {told['on']}", "on its own test:"]
    lines += [_line(gate) for gate in told["test"]["gates"]]
    lines += [f"since then: {told['since']['message']}"]
    lines += [_line(gate) for gate in told["since"].get("gates", ())]
    lines += [
        f"shown in the week of {each['week']}: {each['shown']} people, {each['acted_on']} acted on"
        for each in told["exposure"]
    ]
    if checks:
        shuffled, places = told["shuffled"], told["places"]
        lines.append("fitted on shuffled outcomes, where there is nothing to learn:")
        lines.append(f"  {shuffled['message']}" if "message" in shuffled else _line(shuffled))
        lines.append("fitted anew on half of the practices:")
        lines += [_line(gate) for gate in places["gates"]] if "gates" in places else [f"  {places['message']}"]
    if sources:
        lines += _worth(told["worth"])
    _tell(told, as_json, "\n".join(lines))


def _worth(worth: dict[str, Any]) -> list[str]:
    """What each source adds, a line each."""
    if worth["status"] != "measured":
        return [f"what sources are worth: {worth['message']}"]

    def said(figures: dict[str, dict[str, float]], signed: bool = False) -> str:
        form = "{:+.3f} ({:+.3f} to {:+.3f})" if signed else "{:.3f} ({:.3f} to {:.3f})"
        parts = [
            (name.upper(), form.format(each["value"], each["lower"], each["upper"])) for name, each in figures.items()
        ]
        return ", ".join(f"{name} {text}" for name, text in parts)

    whole = {name: worth["all"][name] for name in ("auroc", "auprc")}
    lines = [f"with all sources: {said(whole)}"]
    return lines + [f"{each['words']}: loses {said(each['lost'], signed=True)}" for each in worth["fewer"]]


@app.command()
def promote(
    name: Name,
    home: HomeThere,
    version: VersionOf = "",
    by: By = "",
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "it passes its gates",
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Make the challenger, or the model named, the champion, and score everybody with it. It must pass its gates.

    Exit status: 0 done; 3 no such model, or it is the champion; 4 it does not pass its gates, which are told; 5 broken
    or locked home.

    Example: washhouse model promote crisis --home home
    """
    from washhouse.pipeline.model_states import promote as move

    where, settings = _settings(home, key_file, desk_url)
    with waiting(f"promoting a model of {name}"):
        told = move(where, settings, name, actor=_actor(by), reason=reason, version=version)
    _tell(told, as_json, _moved(told))


@app.command()
def rollback(
    name: Name,
    home: HomeThere,
    by: By = "",
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "back to the former champion",
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Make the former champion the champion again, and score everybody with it.

    Exit status: 0 done; 3 there is no former champion; 4 today's declarations cannot score with it; 5 broken home.

    Example: washhouse model rollback crisis --home home
    """
    from washhouse.pipeline.model_states import roll_back_model

    where, settings = _settings(home, key_file, desk_url)
    with waiting(f"going back to the former model of {name}"):
        told = roll_back_model(where, settings, name, actor=_actor(by), reason=reason)
    _tell(told, as_json, _moved(told))


@app.command()
def retire(
    name: Name,
    home: HomeThere,
    reason: Annotated[str, typer.Option(help="Why, in a few words; pages tell it.")],
    by: By = "",
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Take the champion out of use: nobody is scored until somebody promotes a model or rolls back.

    Runs fit and promote none in its place. A damaged model can be retired too.

    Exit status: 0 done; 3 there is no champion; 5 broken or locked home.

    Example: washhouse model retire crisis --home home --by ann --reason "finds too few since the new team"
    """
    from washhouse.pipeline.model_states import retire_model

    where, settings = _settings(home, key_file, desk_url)
    with waiting(f"retiring the model of {name}"):
        told = retire_model(where, settings, name, actor=_actor(by), reason=reason)
    words = f"{told['model']}: {told['version']} is retired; nobody is scored, in version {told['record_version']}."
    _tell(told, as_json, words)


@app.command()
def card(
    name: Name,
    home: HomeThere,
    version: VersionOf = "",
    out: Annotated[Path | None, typer.Option(help="The HTML file to write; NAME-card.html if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the card of a model, the champion unless another is named: what it is for, how it did, what is missing.

    The HTML page stands alone. Items of TRIPOD+AI and PROBAST+AI are filled from the run or marked "needs a person".
    Counts are exact, those of a few people too: before it leaves the house, take the page Models instead.

    Exit status: 0 done; 3 no such model, or the file cannot be written; 5 broken home.

    Example: washhouse model card crisis --home home --out crisis.html
    """
    from washhouse.insight.models.card import render_card
    from washhouse.pipeline.modelling import read_card

    where = _home(home)
    found = read_card(where, read_settings(where), name, version=version)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        if out is None:
            return
    page = out or Path(f"{name}-card.html")
    try:
        page.write_text(render_card(found), encoding="utf-8")
    except OSError as error:
        raise InputError(
            "model-card-unwritable", "The card cannot be written there.", "Make its folder first."
        ) from error
    if not as_json:
        left = sum(not item["is_filled"] for item in (*found["tripod_ai"], *found["probast_ai"]))
        typer.echo(f"{page}: {found['model']} {found['version']}, {found['state']}; {left} items need a person.")


def _moved(told: Mapping[str, Any]) -> str:
    return f"{told['model']}: {told['version']} scores, in version {told['record_version']} of the record."


def _line(gate: Mapping[str, Any]) -> str:
    return f"  {'met' if gate['is_met'] else 'NOT MET'}: {gate['says']}"


def _tell(told: Mapping[str, Any], as_json: bool, words: str) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else words)


def _settings(home: HomeThere, key_file: str | None, desk_url: str | None) -> tuple[Home, Settings]:
    where = _home(home)
    return where, read_settings(where, key_file=key_file, desk_url=desk_url)


def _home(home: HomeThere) -> Home:
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    return Home(home)


def _actor(by: str) -> str:
    return by or getpass.getuser()
