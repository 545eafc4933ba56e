"""Finished sentences that only people who work in the network meet; see ``sentences.py``."""

from parts3d.promises.words import N_

STAFF_TEMPLATES = (
    # accounts
    N_("{email} has an account already."),
    N_("A password needs at least {least} characters."),
    N_("This page is for staff at a counter; you are signed in as {name}."),
    N_("This page is for catalogue maintainers; you are signed in as {name}."),
    N_("This page is for the network's operator; you are signed in as {name}."),
    N_("This is no Ed25519 public key. Copy the whole line that 'parts3d-agent key' prints."),
    # models
    N_("The file has {size} MB; at most {most} MB are taken. Export it with a coarser resolution."),
    N_(
        "The file has {count} triangles; at most {most} are read. "
        "Export it with a coarser resolution."
    ),
    N_(
        "The file has {size} bytes and is no text; a binary STL has at least {least}. "
        "It was cut off or is no STL; export it again as STL."
    ),
    N_("This is a text and no model. Export the model as STL, 3MF or OBJ and upload that."),
    N_(
        "The file says it has {count} triangles ({expected} bytes), but it ends after {size} "
        "bytes, in triangle {last}. It was cut off or is no STL; upload the whole file or "
        "export it again."
    ),
    N_(
        "The file says it has {count} triangles ({expected} bytes), but it goes on to {size} "
        "bytes. The count is wrong or it is no STL; export it again as STL."
    ),
    # points
    N_("There is a point called {name} already."),
    N_("This point has a printer called {name} already."),
    N_("There is no material {material}; known: {known}."),
    N_("There is no printer model '{model}'; known: {known}."),
    N_("{model} does not print {material}; it prints {can}."),
    N_(
        "The opening hours are empty. "
        'Write them as in "Mo-Fr 09:00-12:30,13:30-18:30; Sa 10:00-17:00; PH off".'
    ),
    N_(
        'The opening hours "{text}" cannot be read at character {column} ("{rest}"). '
        'Write them as in "Mo-Fr 09:00-12:30,13:30-18:30; Sa 10:00-17:00; PH off".'
    ),
    N_(
        'The opening hours "{text}" cannot be read at the end. '
        'Write them as in "Mo-Fr 09:00-12:30,13:30-18:30; Sa 10:00-17:00; PH off".'
    ),
    N_(
        'The opening hours "{text}" use "{word}", whose times are not known here. '
        "Give clock times, and single days as exceptions."
    ),
    # prices
    N_("The {day} is over. Prices change from today on at the earliest."),
    N_(
        "The tariff {name} begins on {day} already, and two cannot hold at once. "
        "Choose another day, or withdraw that one if it has not begun."
    ),
    N_(
        "This tariff is in force since {day} and cannot be withdrawn. "
        "Publish another one that replaces it."
    ),
    N_("This tariff is {now}; it cannot become {wanted}."),
    N_("There is no price for {material}. Materials with a price are {known}."),
    N_("The code {code} was given before. Choose another one."),
    # jobs
    N_("This job is {now}; it cannot become {wanted}."),
    N_("This revision is {now}; it cannot become {wanted}."),
    N_("{printer} is still at work on {job}. Decide about that job first, then confirm the bed."),
    N_("Rejected at the check: {why}"),
    N_("Rejected at the check."),
    N_("Given back {count} times before it started."),
    N_("Given back {count} times before it started. {why}"),
    N_("The shop was last heard at {time}; the print may well go on."),
    N_("The shop's agent does not answer."),
    N_("The point has no printer."),
    N_("No printer there has {material} loaded."),
    N_("It is not sliced yet for the printers there."),
    N_("{printers}: offline or faulty."),
    N_("{printers}: busy with another job."),
    N_("{printers}: the bed is not clear."),
    N_(
        "Offered to {printers}; another job goes first, the shop's hours do not let it start "
        "yet, or the agent has not taken it."
    ),
    N_("It was in stock already: {serial}."),
    N_("A customer orders this part just now. Try again in a quarter of an hour."),
    N_("Say what is done with the printer."),
    N_("The end has to lie after the beginning, and ahead."),
    N_("At most {days} days. For longer, have the printer taken out of the network."),
    N_("Write day and time as 2026-11-28 18:00."),
    N_("Planned on {printer} now: it would be late otherwise."),
    N_("A second print of {job}, which may be late or fail."),
    N_("Another print of the same part passed its check."),
    N_("Another print of the same part is under way."),
    N_("Another print serves the order; this one is stock."),
    N_("{printer} is printing. Change the spool when it has ended."),
    N_("{printer} has {loaded} loaded, not {wanted}."),
    N_("{left} g are left on the spool in {printer}; this print wants {wanted} g."),
    N_("It could not be done: {why}"),
    N_("The print had ended before this was asked."),
    N_(
        "This agent ({version}) is older than {least}, which this network asks for: it gets no "
        "new work until it is updated. A print that runs goes on."
    ),
    # the counter
    N_("This code does not fit this order. {left} of {all} tries are left."),
    N_(
        "This order is locked after five wrong codes. The operator can unlock it once the "
        "customer has shown the mail."
    ),
    N_("Locked after {tries} wrong codes."),
    N_("It closes at {time} today anyway."),
)
