"""Sentences with slots, English and German.

A slot names its filler; a digit tells two of one kind apart. In German, `_acc` and `_dat` ask for the accusative and
the dative. What stands in a slot is never inflected further, so a template is one in which that is right.
"""

from typing import NamedTuple


class Template(NamedTuple):
    english: str
    german: str


TEMPLATES = (
    # measures and prices
    Template("{thing} weighs {mass} and costs {price}.", "{thing} wiegt {mass} und kostet {price}."),
    Template("{thing} is {length1} long and {length2} wide.", "{thing} ist {length1} lang und {length2} breit."),
    Template("We know that {thing} weighs {mass}.", "Wir wissen, dass {thing} {mass} wiegt."),
    Template("{person} has paid {price} for {thing}.", "{person} hat {price} für {thing_acc} bezahlt."),
    Template("Nobody knows why {thing} costs {amount}.", "Niemand weiß, warum {thing} {amount} kostet."),
    Template("I have exchanged {amount1} for {amount2}.", "Ich habe {amount1} gegen {amount2} getauscht."),
    Template("Please convert {quantity} to {unit}.", "Bitte rechnen Sie {quantity} in {unit} um."),
    Template("The label reads {quantity1} or {quantity2}.", "Auf dem Etikett steht {quantity1} oder {quantity2}."),
    Template("Add {volume} of water and {mass} of flour.", "Geben Sie {volume} Wasser und {mass} Mehl hinzu."),
    Template("The car's top speed is {speed}.", "Die Höchstgeschwindigkeit des Autos beträgt {speed}."),
    Template("The area of {country} is {area}.", "Die Fläche von {country} beträgt {area}."),
    Template(
        "The border between {country1} and {country2} is {length} long.",
        "Die Grenze zwischen {country1} und {country2} ist {length} lang.",
    ),
    Template(
        "The files take up {memory}, which is {percent} of the disk.",
        "Die Dateien belegen {memory}, das sind {percent} der Festplatte.",
    ),
    Template("The power plant has an output of {power}.", "Das Kraftwerk hat eine Leistung von {power}."),
    Template("We used {energy} on {weekday}.", "Wir haben am {weekday} {energy} verbraucht."),
    Template("If the pressure rises above {pressure}, stop.", "Wenn der Druck über {pressure} steigt, hören Sie auf."),
    Template("The lake is {spelled} meters deep.", "Der See ist {spelled} Meter tief."),
    # numbers
    Template("{country} has {whole} inhabitants.", "{country} hat {whole} Einwohner."),
    Template("The population of {country} is {whole}.", "Die Einwohnerzahl von {country} beträgt {whole}."),
    Template(
        "In {country}, {percent} of people speak {language}.",
        "In {country} sprechen {percent} der Menschen {language}.",
    ),
    Template(
        "Did you know that {whole} people in {country} speak {language}?",
        "Wussten Sie, dass in {country} {whole} Menschen {language} sprechen?",
    ),
    Template("More than {spelled} people live in {country}.", "In {country} leben mehr als {spelled} Menschen."),
    Template("The value is {spelled}.", "Der Wert beträgt {spelled}."),
    Template("The result is {spelled_decimal}.", "Das Ergebnis ist {spelled_decimal}."),
    Template("Instead of {spelled1} you wrote {spelled2}.", "Statt {spelled1} haben Sie {spelled2} geschrieben."),
    Template("The amount is {digits_and_words}.", "Der Betrag lautet {digits_and_words}."),
    Template("You are the {ordinal} visitor.", "Sie sind der {ordinal} Besucher."),
    Template("This is the {ordinal} attempt since {date_long}.", "Das ist der {ordinal} Versuch seit dem {date_long}."),
    Template("The sum is {decimal1}; the mean is {decimal2}.", "Die Summe ist {decimal1}, der Mittelwert {decimal2}."),
    Template("You are reading page {whole1} of {whole2}.", "Sie lesen Seite {whole1} von {whole2}."),
    Template(
        "The temperature rose from {decimal1} to {decimal2} degrees.",
        "Die Temperatur stieg von {decimal1} auf {decimal2} Grad.",
    ),
    Template("The budget grew by {percent} to {millions} euros.", "Das Budget wuchs um {percent} auf {millions} Euro."),
    Template("Sales fell by {percent} in {month}.", "Der Umsatz sank im {month} um {percent}."),
    Template("{quarter}: profit of {millions} dollars.", "{quarter}: Gewinn von {millions} Dollar."),
    # dates and times
    Template("{event} takes place on {date_full} at {time}.", "{event} findet am {date_full} um {time} Uhr statt."),
    Template("On {date_full} {event} began at {time}.", "Am {date_full} begann {event} um {time} Uhr."),
    Template(
        "{event} will begin at {time1} and end at {time2}.",
        "{event} wird um {time1} Uhr beginnen und um {time2} Uhr enden.",
    ),
    Template(
        "{event} has been moved from {date_long1} to {date_long2}.",
        "{event} wurde vom {date_long1} auf den {date_long2} verschoben.",
    ),
    Template("Please come on {weekday} at {time}.", "Bitte kommen Sie am {weekday} um {time} Uhr."),
    Template("Date: {date_short}; time: {time}.", "Datum: {date_short}; Uhrzeit: {time} Uhr."),
    Template("The signed contract is dated {date_medium}.", "Der unterschriebene Vertrag ist vom {date_medium}."),
    Template(
        "The train leaves at {time1} and arrives at {time2}.",
        "Der Zug fährt um {time1} Uhr ab und kommt um {time2} Uhr an.",
    ),
    Template(
        "The shop is open from {time1} to {time2} on {weekday}.",
        "Das Geschäft ist am {weekday} von {time1} bis {time2} Uhr geöffnet.",
    ),
    Template("Registration is open until {date_full}.", "Die Anmeldung ist bis {date_full} möglich."),
    Template(
        "{whole} people attended {event} on {date_long1}, nobody on {date_long2}.",
        "Am {date_long1} besuchten {whole} Menschen {event_acc}, am {date_long2} niemand.",
    ),
    Template(
        "The invoice of {date_long} for {price} is due {ahead}.",
        "Die Rechnung vom {date_long} über {price} ist {ahead} fällig.",
    ),
    Template("{person} will come back {ahead}.", "{person} kommt {ahead} zurück."),
    Template("{event} lasted {spelled_duration}.", "{event} dauerte {spelled_duration}."),
    Template("After {duration}, {thing} was finally finished.", "Nach {duration_dat} war {thing} endlich fertig."),
    # countries, languages and currencies
    Template("{person} was born in {country} on {date_long}.", "{person} wurde am {date_long} in {country} geboren."),
    Template("It is {time} in {country} now.", "In {country} ist es jetzt {time} Uhr."),
    Template(
        "The package from {country} arrived on {weekday} at {time}.",
        "Das Paket aus {country} kam am {weekday} um {time} Uhr an.",
    ),
    Template(
        "I paid {amount} in {country} {ago}.",
        "Ich habe {ago} in {country} {amount} bezahlt.",
    ),
    Template("{person} bought {thing} {ago}.", "{person} hat {thing_acc} {ago} gekauft."),
    Template(
        "The flight from {country1} to {country2} takes {spelled} minutes.",
        "Der Flug von {country1} nach {country2} dauert {spelled} Minuten.",
    ),
    Template(
        "In {month} {person} traveled from {country1} to {country2}.",
        "Im {month} reiste {person} von {country1} nach {country2}.",
    ),
    Template(
        "{person} comes from {country} and speaks {language}.", "{person} kommt aus {country} und spricht {language}."
    ),
    Template("{person} can speak {language1} and {language2}.", "{person} kann {language1} und {language2} sprechen."),
    Template(
        "{person} has been learning {language} in {country} since {month}.",
        "{person} lernt seit {month} in {country} {language}.",
    ),
    Template(
        "The book is available in {language1}, but not in {language2}.",
        "Das Buch gibt es auf {language1}, aber nicht auf {language2}.",
    ),
    Template(
        "We visited {country1}, {country2}, and {country3}.", "Wir haben {country1}, {country2} und {country3} besucht."
    ),
    Template(
        "The company has been based in {country} since {month}.",
        "Das Unternehmen hat seit {month} seinen Sitz in {country}.",
    ),
    Template(
        "Country: {country}; language: {language}; currency: {currency}.",
        "Land: {country}; Sprache: {language}; Währung: {currency}.",
    ),
    Template(
        "Old currency: {currency1}; new currency: {currency2}.",
        "Alte Währung: {currency1}; neue Währung: {currency2}.",
    ),
)
