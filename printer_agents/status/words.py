"""The status page's words in English and French. English is the key; no catalogue is loaded."""

FRENCH = {
    "Agent": "Agent",
    "Printers": "Imprimantes",
    "Contact": "Contact",
    "last heard {seconds} s ago": "entendu il y a {seconds} s",
    "last heard {minutes} min ago": "entendu il y a {minutes} min",
    "not heard yet": "pas encore entendu",
    "in contact": "en contact",
    "out of contact": "hors contact",
    "refused": "refusé",
    "The network refuses this agent. Its key may have been revoked: ask the operator, then "
    "run parts3d-agent unpair and parts3d-agent pair.": "Le réseau refuse cet agent. Sa clé a "
    "peut-être été révoquée : demandez à l’opérateur, puis lancez parts3d-agent unpair et "
    "parts3d-agent pair.",
    "Prints go on meanwhile; what happens is told as soon as the network answers.": "Les "
    "impressions continuent ; ce qui se passe sera transmis dès que le réseau répond.",
    "Network": "Réseau",
    "Point": "Point",
    "Version": "Version",
    "Reports to be sent": "Comptes rendus à envoyer",
    "all sent": "tout est envoyé",
    "Job": "Impression",
    "none in hand": "aucune",
    "Bed": "Plateau",
    "clear": "libre",
    "waits for staff": "attend le personnel",
    "Loaded": "Chargé",
    "about {minutes} min left": "encore {minutes} min environ",
    "printed": "imprimé",
    "Emergency stop": "Arrêt d’urgence",
    "Stop {name} at once? Motors and heaters go off, and the print is lost. Afterwards the "
    "printer may have to be switched off and on.": "Arrêter {name} tout de suite ? Moteurs et "
    "chauffages s’éteignent, l’impression est perdue. Il faudra peut-être éteindre et rallumer "
    "l’imprimante.",
    "Stop {name} now": "Arrêter {name} maintenant",
    "{name} was told to stop at once. Look at the printer.": "{name} a reçu l’ordre de s’arrêter "
    "immédiatement. Allez voir l’imprimante.",
    "{name} could not be stopped: {reason} Switch it off by hand.": "{name} n’a pas pu être "
    "arrêtée : {reason} Éteignez-la à la main.",
    "The bed is clear": "Le plateau est libre",
    "Thank you. The network hears that the bed of {name} is clear.": "Merci. Le réseau apprend "
    "que le plateau de {name} est libre.",
    "{name} is at work: its bed can be confirmed when that has ended.": "{name} travaille : son "
    "plateau pourra être confirmé à la fin.",
    "The agent does not answer: it has stopped, or this machine is busy. Prints go on.": "L’agent "
    "ne répond pas : il s’est arrêté, ou cette machine est occupée. Les impressions continuent.",
    "Back": "Retour",
    "offline": "hors ligne",
    "connecting": "connexion",
    "idle": "libre",
    "preparing": "chauffe",
    "printing": "imprime",
    "paused": "en pause",
    "cancelling": "s’arrête",
    "finishing": "se termine",
    "attention": "à regarder",
    "error": "défaut",
    "unknown": "inconnu",
    "claimed": "prise",
    "downloaded": "téléchargée",
    "uploaded": "sur l’imprimante",
    "permitted": "va commencer",
    "starting": "commence",
}


def language_of(accepted: str) -> str:
    """Return ``fr`` or ``en``, whichever a browser names first; English for others."""
    for choice in accepted.split(","):
        language = choice.split(";")[0].strip().casefold()[:2]
        if language in {"fr", "en"}:
            return language
    return "en"


def say(language: str, words: str, **values: object) -> str:
    """Return words in a language, with their values put in."""
    text = FRENCH.get(words, words) if language == "fr" else words
    return text.format(**values) if values else text
