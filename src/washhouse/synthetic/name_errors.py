"""How do names come to differ from themselves: short forms, slips of the finger, of the ear and of the scanner?"""

from __future__ import annotations

import random

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
_SCANNED = (("m", "rn"), ("rn", "m"), ("l", "1"), ("o", "0"), ("cl", "d"), ("h", "b"), ("e", "c"), ("u", "v"), ("i", "l"))
_HEARD = (
    ("ph", "f"), ("f", "ph"), ("c", "k"), ("k", "c"), ("ck", "k"), ("ee", "ea"), ("ea", "ee"), ("ie", "y"), ("y", "ie"),
    ("ey", "y"), ("i", "y"), ("ll", "l"), ("l", "ll"), ("tt", "t"), ("nn", "n"), ("n", "nn"), ("s", "z"), ("z", "s"),
    ("sh", "s"), ("ou", "u"), ("oo", "u"), ("ai", "ay"), ("an", "en"), ("er", "a"), ("on", "en"), ("ss", "s"), ("w", "v"),
)  # fmt: skip


def misspell(word: str, draw: int) -> str:
    """Return a word with one slip.

    Args:
        word: Word.
        draw: A random number that decides which slip.

    Example:
        >>> misspell("Margaret", 3) != "Margaret"
        True
    """
    chance = random.Random(draw)  # noqa: S311 - a seeded slip, no secret
    if len(word) < 3:
        return word + word[-1:]
    kind = chance.random()
    if kind < 0.22:
        for sound, other in chance.sample(_HEARD, len(_HEARD)):
            at = word.lower().find(sound, 1)
            if at > 0:
                return word[:at] + other + word[at + len(sound) :]
    if kind < 0.30:
        for seen, other in chance.sample(_SCANNED, len(_SCANNED)):
            at = word.find(seen, 1)
            if at > 0:
                return word[:at] + other + word[at + len(seen) :]
    at = chance.randrange(1, len(word))
    if kind < 0.50 and at + 1 < len(word) and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.68:
        return word[:at] + word[at + 1 :]
    if kind < 0.80:
        return word[:at] + word[at] + word[at:]
    near = _NEIGHBOURS.get(word[at].lower(), "e")
    return word[:at] + chance.choice(near) + word[at + 1 :]
