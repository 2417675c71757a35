import typer

app = typer.Typer(rich_markup_mode=None)


@app.command("list")
def list_models() -> None:
    """x"""


@app.command("show")
def show() -> None:
    """x"""
