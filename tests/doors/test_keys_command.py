"""`tradepost keys`: keys are made, listed, rotated and ended, and shown only when they are made."""

from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import PRO, Scene
from tradepost.access.keys import of_texts
from tradepost.access.ring import KeyRing


async def opens(scene: Scene, key: str) -> bool:
    return await KeyRing(scene.database, of_texts).key(key.strip()) is not None


def id_of(err: str) -> str:
    """The key's id, which the note beside the key names."""
    return err.split()[-1].rstrip(".")


async def test_a_key_alone_is_printed(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    done = await tradepost("keys", "make", "--scope", "operator", "--database", database_url)
    assert done.code == 0
    assert done.out.startswith("tp_operator_")
    assert done.out.count("\n") == 1
    assert await opens(scene, done.out)


async def test_a_list_names_keys_and_shows_none(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    named = ("--name", "warehouse", "--until", "2999-01-01")
    made = await tradepost("keys", "make", "--scope", "seller", "--subject", PRO, *named, *where)
    await tradepost("keys", "make", "--scope", "operator", *where)
    done = await tradepost("keys", "list", *where)
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    (line,) = (await tradepost("keys", "list", "--scope", "seller", *where)).out.splitlines()
    assert line.startswith(f"{id_of(made.err)}  seller {PRO}  made 20")
    assert line.endswith("until 2999-01-01 00:00:00  warehouse")
    assert made.out.strip() not in done.out


async def test_a_rotated_key_goes_on_for_its_grace(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    old = await tradepost("keys", "make", "--scope", "operator", *where)
    new = await tradepost("keys", "rotate", id_of(old.err), "--grace", "1h", *where)
    assert await opens(scene, old.out)
    assert await opens(scene, new.out)
    newest = await tradepost("keys", "rotate", id_of(new.err), "--grace", "0s", *where)
    assert not await opens(scene, new.out)
    assert await opens(scene, newest.out)


async def test_an_ended_key_opens_nothing(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    made = await tradepost("keys", "make", "--scope", "operator", "--database", database_url)
    done = await tradepost("keys", "end", id_of(made.err), "--database", database_url)
    assert (done.code, done.out) == (0, f"{id_of(made.err)} has ended.\n")
    assert not await opens(scene, made.out)
    assert "  ended 20" in (await tradepost("keys", "list", "--database", database_url)).out


async def test_what_cannot_be_is_one_sentence(tradepost: CommandLine, scene: Scene, database_url: str) -> None:
    where = ("--database", database_url)
    for words, code, sentence in (
        (("make", "--scope", "seller", "--subject", "nobody"), 1, "There is no seller nobody."),
        (("make", "--scope", "buyer", "--subject", "nobody"), 1, "There is no buyer nobody."),
        (("make", "--scope", "seller"), 1, "subject is not valid"),
        (("make", "--scope", "operator", "--until", "soon"), 2, "'soon' is no time"),
        (("end", "key_1"), 1, "There is no key key_1."),
        (("rotate", "key_1"), 1, "There is no key key_1."),
        (("rotate", "key_1", "--grace", "soon"), 2, "soon is not a duration"),
    ):
        done = await tradepost("keys", *words, *where)
        assert done.code == code, words
        assert one_sentence(done).startswith(sentence)
