"""Saved quotes: kept, shown, printed, ordered at their price; and what is said when they end."""

import io
import re
from datetime import datetime
from pathlib import Path

import pytest
from httpx2 import Response
from pypdf import PdfReader
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.orders.tables import Order
from parts3d.points.tables import Printer
from parts3d.quotes.saving import quote_token
from parts3d.quotes.tables import Quote, QuoteLine, SavedQuote
from parts3d.quotes.voucher_service import VoucherTerms, create_voucher
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

FOOT, STOP = "furniture-foot", "drawer-runner-stop"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


def saved(shop: Shop, part: str = FOOT, quantity: int = 2, language: str = "en") -> Response:
    return shop.client(language).post("/quotes", data={"part": part, "quantity": str(quantity)})


def pdf_of(shop: Shop, page: Response, language: str = "en") -> Response:
    return shop.client(language).get(f"{page.url.path}.pdf")


def text_of(answer: Response) -> str:
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def quote_of(shop: Shop) -> Quote:
    with shop.context.database.reading() as session:
        return session.exec(select(Quote)).one()


def total_of(page: Response) -> str:
    found = re.search(r"<tfoot>.*?<td>(.*?)</td>", page.text, re.DOTALL)
    assert found, page.text
    return found[1]


def order(shop: Shop, page: Response) -> Response:
    client = shop.client()
    checkout = client.post(f"{page.url.path}/order", data={"point": "huy"})
    key = re.search(r'"idempotency_key" value="(\w+)"', checkout.text)
    assert key, checkout.text
    details = {"idempotency_key": key[1], "name": "Anne", "email": "anne@example.be"}
    return client.post(checkout.url.path, data={**details, "accept_terms": "1"})


def wait(shop: Shop, days: int) -> None:
    """Let days go by; the printers stay on."""
    shop.pass_time(days=days)

    def hear(session: Session) -> None:
        for printer in session.exec(select(Printer)).all():
            printer.last_heard_at = shop.now

    shop.write(hear)


def test_a_quote_says_every_component_the_tariff_the_seller_and_what_was_sliced(
    shop: Shop,
) -> None:
    page = saved(shop)
    assert page.status_code == 200
    with shop.context.database.reading() as session:
        plates = session.exec(select(QuoteLine)).one().plates
    settings = shop.context.settings
    for words in (
        "Material",
        "Machine time",
        "Preparing, checking, bagging",
        "The shop&#39;s share",
        "VAT 21 %",
        "2026-11, in force since 01/11/2026",
        settings.seller_name,
        settings.seller_address,
        settings.seller_vat_number,
        *(plate["gcode_sha256"] for plate in plates),
    ):
        assert words in page.text
    cents = [int(re.sub(r"\D", "", one)) for one in re.findall(r"<td>(€[\d.]+)</td>", page.text)]
    assert sum(cents[:-1]) == cents[-1] == quote_of(shop).total_cents
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Quote Q-", "Screw-on furniture foot", "Valid until", "Machine time", "VAT 21 %")),
        ("fr", ("Devis Q-", "Pied de meuble", "Valable", "Temps machine", "TVA 21 %")),
    ],
)
def test_the_paper_says_the_same_as_the_page(
    shop: Shop, language: str, words: tuple[str, ...]
) -> None:
    page = saved(shop, language=language)
    answer = pdf_of(shop, page, language)
    assert answer.headers["content-type"] == "application/pdf"
    text = text_of(answer)
    for one in (*words, total_of(page)):
        assert one.replace("\xa0", " ") in text.replace("\xa0", " ").replace("Q-", "Q-")
    with shop.context.database.reading() as session:
        for plate in session.exec(select(QuoteLine)).one().plates:
            assert plate["gcode_sha256"] in text.replace(" ", "")


def test_the_paper_is_tagged_carries_its_picture_and_opens_the_quote_again(shop: Shop) -> None:
    page = saved(shop)
    answer = pdf_of(shop, page)
    reader = PdfReader(io.BytesIO(answer.content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    assert any(page.images for page in reader.pages)
    links = {
        note.get_object()["/A"]["/URI"]
        for page in reader.pages
        for note in page.get("/Annots") or []
    }
    assert links == {f"http://127.0.0.1:8000{page.url.path}"}
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1].split("-")[0].lstrip("/")
        for one in reader.pages
        for font in one["/Resources"]["/Font"].values()
    }
    assert fonts == {"LibertinusSerif", "DejaVuSansMono"}
    assert pdf_of(shop, page).content == answer.content


def test_a_name_that_looks_like_markup_is_printed_as_it_is(shop: Shop) -> None:
    name = '*Foot* #image("/etc/passwd") $x$ <b>'

    def rename(session: Session) -> None:
        part = session.exec(select(Part).where(Part.slug == FOOT)).one()
        revision = session.get_one(Revision, part.current_revision_id)
        revision.manifest = {**revision.manifest, "name": dict.fromkeys(("fr", "en"), name)}

    shop.write(rename)
    page = saved(shop)
    assert "&lt;b&gt;" in page.text
    assert name in text_of(pdf_of(shop, page))


def test_only_the_whole_link_opens_a_quote(shop: Shop) -> None:
    page = saved(shop)
    quote = quote_of(shop)
    client = shop.client()
    token = page.url.path.rpartition("/")[2]
    assert len(token) >= 40
    for guess in (quote.id, token[:-1], token.swapcase(), "Q-" + quote.id[:8].upper() * 4):
        for kind in ("", ".pdf", "/1.png"):
            assert client.get(f"/quotes/{guess}{kind}").status_code == 404
    with shop.context.database.reading() as session:
        assert token not in session.exec(select(SavedQuote)).one().model_dump_json()


def test_a_quote_that_was_not_saved_has_no_page(shop: Shop) -> None:
    client = shop.client()
    client.post("/checkout", data={"part": FOOT, "point": "huy"})
    token = quote_token(shop.context.settings.secret(), quote_of(shop).id)
    assert client.get(f"/quotes/{token}").status_code == 404


def test_a_basket_and_a_checkout_are_kept_line_by_line_to_the_cent(shop: Shop) -> None:
    client = shop.client()
    client.post("/basket/add", data={"part": FOOT, "quantity": "2"})
    client.post("/basket/add", data={"part": STOP, "quantity": "3"})
    page = client.post("/quotes/basket")
    assert page.text.count('class="basket__line"') == 2
    checkout = client.post("/basket/checkout", data={"point": "huy"})
    again = client.post("/quotes/checkout", data={"checkout": checkout.url.path.rpartition("/")[2]})
    assert again.url.path.startswith("/quotes/")
    assert total_of(again) == total_of(page) == total_of(checkout)
    assert "Drawer runner stop" in text_of(pdf_of(shop, again))


def test_a_price_with_a_voucher_is_kept_no_longer_than_the_voucher(shop: Shop) -> None:
    last_day = shop.now.date()
    new = VoucherTerms(code="TODAY", amount_cents=200, last_day=last_day)
    shop.write(lambda session: create_voucher(session, new, actor="operator:1", now=shop.now))
    client = shop.client()
    checkout = client.post("/checkout", data={"part": FOOT, "point": "huy"})
    with_code = client.post(f"{checkout.url.path}/voucher", data={"code": "today"})
    page = client.post("/quotes/checkout", data={"checkout": with_code.url.path.rpartition("/")[2]})
    assert total_of(page) == total_of(with_code)
    assert "TODAY" in page.text
    assert f"valid until {last_day.day}" in page.text


def test_the_price_stands_for_two_weeks_whatever_becomes_of_the_tariff(shop: Shop) -> None:
    page = saved(shop)
    wait(shop, 14)
    assert total_of(shop.client().get(page.url.path)) == total_of(page)
    placed = order(shop, page)
    assert placed.url.path.startswith("/orders/")
    with shop.context.database.reading() as session:
        sold = session.exec(select(Order)).one()
    assert sold.quote_id == quote_of(shop).id
    assert sold.total_cents == quote_of(shop).total_cents


def test_a_quote_is_ordered_once(shop: Shop) -> None:
    page = saved(shop)
    order(shop, page)
    client = shop.client()
    shown = client.get(page.url.path)
    assert "This quote was ordered" in shown.text
    assert "/order" not in re.findall(r'action="([^"]*)"', shown.text)
    refused = client.post(f"{page.url.path}/order", data={"point": "huy"})
    assert refused.status_code == 409
    assert "was ordered already" in refused.text


def test_an_expired_quote_says_so_and_offers_the_price_of_today(shop: Shop) -> None:
    page = saved(shop, quantity=3)
    wait(shop, 16)
    client = shop.client()
    shown = client.get(page.url.path)
    assert "This quote has expired" in shown.text
    assert "The price was frozen until" in shown.text
    printed = client.get(f"{page.url.path}.pdf")
    assert printed.status_code == 409
    assert "This price was frozen until 08/12/2026, 23:59." in printed.text
    refused = client.post(f"{page.url.path}/order", data={"point": "huy"})
    assert refused.status_code == 409
    assert "This quote has expired" in refused.text
    basket = client.post(f"{page.url.path}/again")
    assert basket.url.path == "/basket"
    assert "Order all 3 pieces" in basket.text


def test_an_altered_quote_says_so_in_french_and_shows_no_price(shop: Shop) -> None:
    page = saved(shop)

    def cheat(session: Session) -> None:
        line = session.exec(select(QuoteLine)).one()
        line.total_cents -= 100

    shop.write(cheat)
    client = shop.client("fr")
    shown = client.get(page.url.path)
    assert shown.status_code == 409
    assert "pas valable" in shown.text
    assert total_of(page).strip("€").replace(".", ",") not in shown.text
    assert client.get(f"{page.url.path}.pdf").status_code == 409
    assert client.post(f"{page.url.path}/order", data={"point": "huy"}).status_code == 409


def test_a_saved_price_takes_no_voucher_on_top(shop: Shop) -> None:
    page = saved(shop)
    client = shop.client()
    checkout = client.post(f"{page.url.path}/order", data={"point": "huy"})
    assert "I have a voucher" not in checkout.text
    assert "until 23:59 on 8 December" in checkout.text
    assert f'href="{page.url.path}"' in checkout.text
    refused = client.post(f"{checkout.url.path}/voucher", data={"code": "ANY"})
    assert "it takes no other voucher" in refused.text
    with shop.context.database.reading() as session:
        assert len(session.exec(select(Quote).order_by(col(Quote.id))).all()) == 1


def test_what_cannot_be_priced_is_refused_in_words(shop: Shop) -> None:
    client = shop.client()
    assert client.post("/quotes", data={"part": "no-such-part"}).status_code == 404
    answer = client.post("/quotes", data={"part": FOOT, "quantity": "11"})
    assert answer.status_code == 422
    assert "11 copies cannot be ordered here. Choose from 1 to 10." in answer.text
    assert "the basket is empty" in client.post("/quotes/basket").text
