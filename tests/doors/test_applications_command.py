"""`tradepost applications`: programs of sellers are registered and authorized; what they log in with is shown once."""

import pytest

from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import PRO, Scene
from tradepost.access import tokens
from tradepost.refusals import Refused


async def test_what_is_printed_logs_in(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    registered = await tradepost("applications", "register", "Order tool", *where)
    assert (registered.code, registered.err) == (0, "Keep it: it is shown only now.\n")
    client_id, secret = registered.out.splitlines()
    authorized = await tradepost("applications", "authorize", client_id, PRO, *where)
    (refresh_token,) = authorized.out.splitlines()
    rotated = await tradepost("applications", "rotate", client_id, *where)
    same, new = rotated.out.splitlines()
    assert same == client_id
    for shown in (secret, new):
        token = await scene.database.run(lambda tx, s=shown: tokens.refresh(tx, client_id, s, refresh_token))
        assert token.startswith("Atza|")
    await tradepost("applications", "authorize", client_id, PRO, *where)
    with pytest.raises(Refused):
        await scene.database.run(lambda tx: tokens.refresh(tx, client_id, new, refresh_token))


async def test_a_rotated_secret_goes_on_for_its_grace(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    client_id, first = (await tradepost("applications", "register", "Order tool", *where)).out.splitlines()
    refresh_token = (await tradepost("applications", "authorize", client_id, PRO, *where)).out.strip()

    async def opens(secret: str) -> bool:
        try:
            await scene.database.run(lambda tx: tokens.refresh(tx, client_id, secret, refresh_token))
        except Refused:
            return False
        return True

    _, second = (await tradepost("applications", "rotate", client_id, "--grace", "1h", *where)).out.splitlines()
    refused = await tradepost("applications", "rotate", client_id, *where)
    assert refused.code == 1
    assert one_sentence(refused).startswith("The secret before this one opens until 20")
    assert [await opens(secret) for secret in (first, second)] == [True, True]
    _, third = (await tradepost("applications", "rotate", client_id, "--grace", "0s", *where)).out.splitlines()
    assert [await opens(secret) for secret in (first, second, third)] == [False, False, True]


async def test_an_authorization_is_ended(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    client_id, secret = (await tradepost("applications", "register", "Order tool", *where)).out.splitlines()
    refresh_token = (await tradepost("applications", "authorize", client_id, PRO, *where)).out.strip()
    done = await tradepost("applications", "end", client_id, PRO, *where)
    assert (done.code, done.out) == (0, f"{client_id} acts for {PRO} no more.\n")
    with pytest.raises(Refused):
        await scene.database.run(lambda tx: tokens.refresh(tx, client_id, secret, refresh_token))


async def test_a_list_names_applications_and_shows_no_secret(
    tradepost: CommandLine, scene: Scene, database_url: str
) -> None:
    where = ("--database", database_url)
    made = await tradepost("applications", "register", "Order tool", *where)
    client_id, secret = made.out.splitlines()
    listed = await tradepost("applications", "list", *where)
    assert listed.out.startswith(f"{client_id}  made 20")
    assert listed.out.endswith("  Order tool\n")
    await tradepost("applications", "rotate", client_id, *where)
    listed = await tradepost("applications", "list", *where)
    assert "  old secret until 20" in listed.out
    assert secret not in listed.out


async def test_what_no_application_can_be_is_one_sentence(
    tradepost: CommandLine, scene: Scene, database_url: str
) -> None:
    where = ("--database", database_url)
    client_id = (await tradepost("applications", "register", "Order tool", *where)).out.split()[0]
    for words, code, sentence in (
        (("register", ""), 1, "name is not valid"),
        (("register", "x" * 101), 1, "name is not valid"),
        (("authorize", client_id, "nobody"), 1, "There is no seller nobody."),
        (("authorize", "nobody", PRO), 1, "There is no such application"),
        (("rotate", "nobody"), 1, "There is no such application"),
        (("rotate", client_id, "--grace", "soon"), 2, "soon is not a duration"),
        (("rotate", client_id, "--grace", "31d"), 1, "grace_seconds is not valid"),
        (("end", client_id, PRO), 1, "There is no such application"),
    ):
        done = await tradepost("applications", *words, *where)
        assert done.code == code, words
        assert one_sentence(done).startswith(sentence)
