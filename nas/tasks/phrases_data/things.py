"""Nouns that templates speak of: they vary a sentence, and are no content keys."""

from collections.abc import Callable

from nas.tasks.phrases_data.draws import Draw, Filler

THINGS = (
    Filler("the package", "das Paket"),
    Filler("the suitcase", "der Koffer", "den Koffer"),
    Filler("the box", "die Kiste"),
    Filler("the machine", "die Maschine"),
    Filler("the table", "der Tisch", "den Tisch"),
    Filler("the cupboard", "der Schrank", "den Schrank"),
    Filler("the bicycle", "das Fahrrad"),
    Filler("the carpet", "der Teppich", "den Teppich"),
    Filler("the picture", "das Bild"),
    Filler("the boat", "das Boot"),
    Filler("the statue", "die Statue"),
    Filler("the old mirror", "der alte Spiegel", "den alten Spiegel"),
    Filler("the new bed", "das neue Bett"),
    Filler("the red lamp", "die rote Lampe"),
    Filler("the large tent", "das große Zelt"),
    Filler("the small ladder", "die kleine Leiter"),
)
EVENTS = (
    Filler("the meeting", "die Besprechung"),
    Filler("the concert", "das Konzert"),
    Filler("the lecture", "der Vortrag", "den Vortrag"),
    Filler("the exhibition", "die Ausstellung"),
    Filler("the course", "der Kurs", "den Kurs"),
    Filler("the party", "das Fest"),
    Filler("the trial", "der Prozess", "den Prozess"),
    Filler("the conference", "die Konferenz"),
    Filler("the second round", "die zweite Runde"),
    Filler("the last match", "das letzte Spiel"),
    Filler("the next session", "die nächste Sitzung"),
    Filler("the annual market", "der jährliche Markt", "den jährlichen Markt"),
)
PEOPLE = (
    Filler("my brother", "mein Bruder"),
    Filler("our teacher", "unsere Lehrerin"),
    Filler("the doctor", "der Arzt"),
    Filler("her sister", "ihre Schwester"),
    Filler("the young woman", "die junge Frau"),
    Filler("his best friend", "sein bester Freund"),
    Filler("the child", "das Kind"),
    Filler("a colleague", "eine Kollegin"),
    Filler("the old man", "der alte Mann"),
    Filler("Anna", "Anna"),
    Filler("Peter", "Peter"),
    Filler("somebody", "jemand"),
)


def _one_of(fillers: tuple[Filler, ...]) -> Callable[[Draw], Filler]:
    return lambda draw: draw.one_of(fillers)


FILLERS = {"thing": _one_of(THINGS), "event": _one_of(EVENTS), "person": _one_of(PEOPLE)}
