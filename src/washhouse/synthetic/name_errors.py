"""How do names come to differ from themselves: short forms, slips of the finger, of the ear and of the scanner?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_SHORT = """Margaret:Maggie,Peggy,Meg Elizabeth:Liz,Beth,Betty,Lizzie Patricia:Pat,Tricia Kathleen:Kath,Kathy
Dorothy:Dot,Dolly Joan:Joanie Barbara:Barb Josephine:Jo,Josie Christine:Chris,Chrissie Susan:Sue Jennifer:Jen,Jenny
Jacqueline:Jackie,Jacqui Pamela:Pam Sandra:Sandy Valerie:Val Gillian:Gill,Jill Judith:Judy Deborah:Debbie,Deb
Catherine:Cath,Cathy,Kate Katherine:Kath,Kate,Katie Veronica:Ronnie Frances:Fran Theresa:Terry,Tess Beverley:Bev
Amanda:Mandy Nicola:Nicky,Nikki Samantha:Sam,Sammy Victoria:Vicky,Tori Rebecca:Becky,Becca Michelle:Shelley
Rachel:Rach Joanne:Jo Jessica:Jess,Jessie Charlotte:Charlie,Lottie Stephanie:Steph Abigail:Abi,Abby Natalie:Nat
Danielle:Dani Megan:Meg Eleanor:Ellie,Nell Isabella:Bella,Izzy Matilda:Tilly Emily:Em,Emmie Alexandra:Alex,Lexi
Florence:Flo,Flossie Winifred:Winnie Millicent:Millie Amelia:Millie,Amy Georgia:George Bethany:Beth Natasha:Tasha
William:Bill,Will,Billy James:Jim,Jimmy,Jamie Robert:Bob,Rob,Bobby Thomas:Tom,Tommy John:Jack,Johnny Ronald:Ron
Kenneth:Ken,Kenny Dennis:Den Joseph:Joe,Joey Albert:Bert,Bertie Stanley:Stan Raymond:Ray Edward:Ted,Eddie,Ned
Charles:Charlie,Chas Frederick:Fred,Freddie Donald:Don Leonard:Len,Lenny Alfred:Alf,Alfie Gerald:Gerry Bernard:Bernie
Terence:Terry Michael:Mike,Mick,Mikey Anthony:Tony Philip:Phil Stephen:Steve Steven:Steve Patrick:Paddy,Pat
David:Dave,Davey Peter:Pete Christopher:Chris,Kit Richard:Rick,Dick,Rich Geoffrey:Geoff Malcolm:Mal Andrew:Andy,Drew
Martin:Marty Gary:Gaz Matthew:Matt,Matty Daniel:Dan,Danny Nicholas:Nick,Nicky Jonathan:Jon,Jonny Timothy:Tim
Benjamin:Ben,Benny Gregory:Greg Joshua:Josh Samuel:Sam,Sammy Alexander:Alex,Sandy,Xander Nathan:Nate Jacob:Jake
Oliver:Ollie Harry:Haz Archie:Arch Zachary:Zac Dominic:Dom Lawrence:Larry,Laurie Vincent:Vince Douglas:Doug
Mohammed:Mohd,Mohammad,Muhammad,Md Muhammad:Mohammed,Mohd,Mohammad Ahmed:Ahmad Hussain:Husain,Hussein Hassan:Hasan
Abdul:Abdool Yusuf:Yousuf,Yousaf Ibrahim:Ebrahim Aisha:Ayesha,Aaisha Fatima:Fatimah,Fatema Zainab:Zaynab,Zeinab
Maryam:Mariam,Marium Khadija:Khadijah Usman:Osman,Uthman Omar:Umar Ali:Aly Bilal:Billal Rajesh:Raj Harpreet:Harry,Preet
Gurpreet:Gary,Preet Jaspreet:Jas Manpreet:Manny Emmanuel:Manny,Emma Oluwaseun:Seun,Olu Babatunde:Tunde
Chukwuemeka:Emeka,Chuks Temitope:Tope,Temi Funmilayo:Funmi Mohamed:Mohammed,Mohamud Katarzyna:Kasia,Kate
Agnieszka:Aga,Agnes Malgorzata:Gosia,Margaret Krzysztof:Chris,Krzys Andrzej:Andrew Tomasz:Tom,Tomek Piotr:Peter
Aleksandra:Ola,Alex Magdalena:Magda Joanna:Asia,Jo Alexandru:Alex Siobhan:Shivaun,Shevaun Niamh:Neve Sinead:Shinade
Aoife:Eefa Roisin:Rosheen Padraig:Patrick Seamus:James Sean:Shaun,Shawn Eamon:Eamonn,Edmund Caoimhe:Keeva"""

NICKNAMES: dict[str, tuple[str, ...]] = {
    name: tuple(short.split(",")) for name, short in (entry.split(":") for entry in _SHORT.split())
}
"""Other forms of a given name that people are also registered under."""

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: dict[str, str] = {}
for _row, _line in enumerate(_KEYS):
    for _at, _key in enumerate(_line):
        near = _line[max(0, _at - 1) : _at] + _line[_at + 1 : _at + 2]
        for _other in (_row - 1, _row + 1):
            if 0 <= _other < 3:
                near += _KEYS[_other][_at : _at + 1]
        _NEIGHBOURS[_key] = near
_SCANNED = (
    ("m", "rn"),
    ("rn", "m"),
    ("l", "1"),
    ("o", "0"),
    ("cl", "d"),
    ("h", "b"),
    ("e", "c"),
    ("u", "v"),
    ("i", "l"),
)
_HEARD = (
    ("ph", "f"), ("f", "ph"), ("c", "k"), ("k", "c"), ("ck", "k"), ("ee", "ea"), ("ea", "ee"), ("ie", "y"), ("y", "ie"),
    ("ey", "y"), ("i", "y"), ("ll", "l"), ("l", "ll"), ("tt", "t"), ("nn", "n"), ("n", "nn"), ("s", "z"), ("z", "s"),
    ("sh", "s"), ("ou", "u"), ("oo", "u"), ("ai", "ay"), ("an", "en"), ("er", "a"), ("on", "en"), ("ss", "s"),
    ("w", "v"),
)  # fmt: skip


def _choices(draw: int) -> Iterator[float]:
    """Return numbers in [0, 1) that follow from one draw (a linear congruential sequence)."""
    state = draw & ((1 << 48) - 1)
    while True:
        state = (state * 25_214_903_917 + 11) & ((1 << 48) - 1)
        yield (state >> 16) / (1 << 32)


def _replace(word: str, pairs: Sequence[tuple[str, str]], chance: float) -> str | None:
    """Return the word with one of the pairs applied after its first letter, or `None` where none fits."""
    low = word.lower()
    fitting = [(old, new) for old, new in pairs if low.find(old, 1) > 0]
    if not fitting:
        return None
    old, new = fitting[int(chance * len(fitting))]
    at = low.find(old, 1)
    return word[:at] + new + word[at + len(old) :]


def misspell(word: str, draw: int) -> str:
    """Return a word with one slip: of the ear, of the scanner, or of the finger.

    Args:
        word: Word.
        draw: A random number that decides which slip.

    Example:
        >>> misspell("Margaret", 12345) != "Margaret"
        True
    """
    chances = _choices(draw)
    next(chances)
    kind, which, place = next(chances), next(chances), next(chances)
    if len(word) < 3:
        return word + word[-1:].lower()
    heard = _replace(word, _HEARD, which) if kind < 0.24 else None
    scanned = _replace(word, _SCANNED, which) if 0.24 <= kind < 0.32 else None
    if heard or scanned:
        return heard or scanned or word
    at = 1 + int(place * (len(word) - 1))
    if kind < 0.5 and at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.68:
        return word[:at] + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    near = _NEIGHBOURS.get(word[at].lower(), "e")
    return word[:at] + near[int(which * len(near))] + word[at + 1 :]


def compound(first: str, surname: str, other: str, draw: int) -> tuple[str, str]:
    """Return names as somebody wrote them who added to or cut them: a second given name, a double surname, an initial.

    Example:
        >>> compound("Anna", "Smith", "Jones", 2)
        ('Anna', 'Jones-Smith')
    """
    kind = draw % 5
    if kind <= 1:
        return f"{first} {_SECOND[draw // 5 % len(_SECOND)]}", surname
    if kind == 2:
        return first, f"{other}-{surname}" if other != surname else f"{surname}-{_DOUBLE[draw // 5 % len(_DOUBLE)]}"
    if kind == 3:
        return first[:1], surname
    return first, surname.upper()


_SECOND = ("Anne", "Marie", "Louise", "Jane", "Rose", "John", "James", "Lee", "Ali", "Michael")
_DOUBLE = ("Smith", "Jones", "Brown", "Khan", "Taylor", "Evans", "Clarke", "Hall")
