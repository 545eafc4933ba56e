"""A manifest without a fault, and how the tests read one."""

from parts3d.catalogue.manifest import Fault, Manifest, parse_manifest

SOFTENING_C = {"PLA": 55.0, "PETG": 72.0, "ASA": 95.0, "ABS": 95.0, "TPU": 60.0}

GOOD = '''\
slug = "oven-knob"
category = "oven"

[name]
fr = "Bouton"
nl = "Knop"
de = "Knebel"
en = "Knob"

[description]
fr = """
Un bouton. \\
[pas_une_table]"""
nl = "Een knop."
de = "Ein Knebel."
en = "A knob."

[[fits]]
appliance = "oven"
brand = "Beko"
models = [
  "BIE 22*",
  "BIM 24*",
]

[[fits]]
appliance = "oven"
brand = "Whirlpool"
models = ["AKP2*"]
maker_reference = "4812"

[recipe]
material = "ASA"
wall_count = 3

[safety]
class = "S2"
reason = "It is warm."

[limits]
max_temperature_c = 80

[limits.load]
fr = "À la main."
nl = "Met de hand."
de = "Von Hand."
en = "By hand."

[dimensions_mm]
x = 44.0
y = 44
z = 23.0

[licence]
spdx = "CC-BY-4.0"
author = "The parts3d authors"

[manufacturer]
name = "A network"
postal_address = "Rue de l'Exemple 1, 4500 Huy, Belgium"
email = "safety@parts3d.example"

[withdrawal]
kind = "standard"
days = 14
'''


def parse(text: str, **folder: str) -> Manifest | list[Fault]:
    return parse_manifest(text, file="part.toml", softening_c=SOFTENING_C, **folder)


def faults_of(text: str, **folder: str) -> list[Fault]:
    found = parse(text, **folder)
    assert isinstance(found, list), "the manifest was taken"
    return found
