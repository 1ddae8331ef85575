"""A till: prices a basket, reserves it, takes the money, commits it. Every purchase ends, also after a power cut.

    python till.py --journal till.journal sell basket.json
    python till.py --journal till.journal finish          # what was begun before the power cut
    python till.py --journal till.journal --address https://prices.shop.example:50051 --token-file till.token sell basket.json

`basket.json` is a QuoteRequest. Needs the packages of requirements.txt and the generated code (see ../README.md).
"""

import argparse
import json
import os
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, os.environ.get("PRICEWRIGHT_GENERATED", str(Path(__file__).parent / "generated")))

from google.protobuf.json_format import MessageToDict, Parse, ParseDict  # noqa: E402
from pricewright.v1 import pricing_pb2, pricing_pb2_grpc, redemption_pb2, redemption_pb2_grpc  # noqa: E402

from asking import Credentials, NoAnswer, Refused, ask, open_channel  # noqa: E402
from journal import Journal  # noqa: E402

# The price or what it needs is another by now. The customer is told the new price, and that is a new purchase with new ids.
PRICE_ANEW = {
    "PRICE_CHANGED",
    "QUOTE_EXPIRED",
    "RULEBOOK_VERSION_UNKNOWN",
    "LIMIT_REACHED",
    "CUSTOMER_LIMIT_REACHED",
    "BUDGET_SPENT",
    "OUT_OF_STOCK",
    "CODE_REFUSED",
}
PATIENCE = 30.0  # How long a customer waits for one step, with all that is asked again.


class Till:
    def __init__(self, channel, credentials, journal, options):
        self.pricing = pricing_pb2_grpc.PricingServiceStub(channel)
        self.redemption = redemption_pb2_grpc.RedemptionServiceStub(channel)
        self.credentials, self.journal, self.options = credentials, journal, options

    def ask(self, method, request):
        return ask(
            method,
            request,
            deadline=self.options.deadline,
            patience=PATIENCE,
            language=self.options.lang,
            credentials=self.credentials,
            tell=tell,
        )

    def sell(self, basket):
        """Sells a basket. Priced anew when the price has changed between quote and reservation, three times at most."""
        for _ in range(3):
            quote = self.ask(self.pricing.Quote, basket)
            show(quote)
            purchase = self.begin(basket, quote)
            try:
                return self.go_on(purchase)
            except Refused as refused:
                self.journal.write(purchase, "finished")
                tell(f"not reserved: {refused.words}")
                if refused.reason not in PRICE_ANEW:
                    raise
        raise SystemExit("the price keeps changing: call somebody")

    def begin(self, basket, quote):
        """Makes all ids of a purchase, once, and puts them on disk with what will be asked. Only then it is asked."""
        purchase = str(uuid.uuid4())
        request = redemption_pb2.ReserveRequest(
            request_id=purchase, quote_request=basket, expected_total=quote.total
        )
        # With both the price that was told is honored, though the rules change meanwhile.
        request.quote_request.context.time.CopyFrom(quote.time)
        request.quote_request.context.rulebook_version = quote.rulebook_version
        self.journal.write(
            purchase,
            "reserve",
            request=MessageToDict(request),
            commit_id=str(uuid.uuid4()),
            cancel_id=str(uuid.uuid4()),
        )
        return purchase

    def go_on(self, purchase):
        """Takes a purchase from where its journal stands to its end."""
        entry = self.journal.unfinished[purchase]
        if entry["step"] == "reserve":
            request = ParseDict(entry["request"], redemption_pb2.ReserveRequest())
            try:
                sale = self.ask(self.redemption.Reserve, request)
            except NoAnswer:
                # It may be held all the same, by a call before this one. The customer goes; what is held is given back.
                return self.give_up(purchase)
            if sale.expire_time.seconds < time.time():
                return self.give_up(purchase)  # The till was off for longer than the hold: its customer has gone.
            self.journal.write(purchase, "reserved")
            print(f"reserved {sale.id}, to pay {money(sale.amount_due)} {sale.currency_code}", flush=True)
        if entry["step"] == "reserved":
            # After a power cut ask the card terminal first: it knows by `purchase` whether the card was charged.
            if not take_payment(purchase, self.options):
                return self.give_up(purchase)
            self.journal.write(purchase, "paid")
        if entry["step"] == "paid":
            return self.commit(purchase)
        if entry["step"] == "give-up":
            return self.give_up(purchase)
        raise AssertionError(entry["step"])

    def commit(self, purchase):
        """Says that it is paid. That is never given up: without an answer, or not let in, it stays in the journal."""
        request = redemption_pb2.CommitRequest(
            request_id=self.journal.unfinished[purchase]["commit_id"], sale_id=purchase
        )
        try:
            sale = self.ask(self.redemption.Commit, request)
        except NoAnswer as error:
            tell(f"{error}: the customer has paid and may go; it is asked again at the next start")
            return None
        except Refused as refused:
            # Paid after the hold was over, and somebody else had the last of something. A person decides.
            tell(f"PAID BUT NOT KEPT, call the back office: purchase {purchase}: {refused}")
            self.journal.write(purchase, "finished", refused=refused.reason)
            return None
        self.journal.write(purchase, "finished")
        print(f"committed {sale.id}, paid {money(sale.total)} {sale.currency_code}", flush=True)
        return sale

    def give_up(self, purchase):
        """Frees what may be held. Without an answer it stays in the journal, and the hold ends by itself."""
        if self.journal.unfinished[purchase]["step"] != "give-up":
            self.journal.write(purchase, "give-up")
        request = redemption_pb2.CancelRequest(
            request_id=self.journal.unfinished[purchase]["cancel_id"], sale_id=purchase
        )
        try:
            self.ask(self.redemption.Cancel, request)
        except NoAnswer as error:
            tell(f"{error}: it is called off at the next start")
            return None
        except Refused as refused:
            if refused.reason not in {"SALE_UNKNOWN", "SALE_CANCELLED"}:  # Nothing is held then, either.
                tell(f"could not be called off: purchase {purchase}: {refused}")
        self.journal.write(purchase, "finished")
        print(f"called off {purchase}", flush=True)
        return None

    def finish(self):
        for purchase in list(self.journal.unfinished):
            tell(f"was left at `{self.journal.unfinished[purchase]['step']}`: {purchase}")
            try:
                self.go_on(purchase)
            except Refused as refused:
                tell(f"not reserved: {refused.words}")
                self.journal.write(purchase, "finished")


def take_payment(purchase, options):
    """Cash or card: here is where the terminal is called."""
    return options.payment == "taken"


def show(quote):
    names = {promotion.id: promotion.name for promotion in quote.promotions}
    for line in quote.lines:
        print(f"  {line.sku:<12} {line.quantity:>3} × {money(line.list_unit_price):>9} = {money(line.total):>10}")
        for group in line.groups:
            for discount in group.discounts:
                print(f"    {names[discount.promotion_id]}: −{money(discount.amount * group.quantity)}")
    for gift in quote.gifts:
        print(f"  gift: {gift.product_name or gift.sku or gift.name}")
    print(f"  you save {money(quote.discount_total)}, to pay {money(quote.total)} {quote.currency_code}", flush=True)


def money(minor):
    return f"{minor // 100}.{minor % 100:02}"


def tell(words):
    print(words, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1:50051", help="https://HOST:PORT; without https:// in clear")
    parser.add_argument("--token-file", help="file with the token that says who calls")
    parser.add_argument("--authority", help="authority that has signed the service's certificate, in PEM")
    parser.add_argument("--plaintext", action="store_true", help="send the token in clear beyond this machine: a mesh enciphers")
    parser.add_argument("--journal", required=True, help="file on a disk of the till; made when it is not there")
    parser.add_argument("--lang", default="en", choices=["en", "uk"])
    parser.add_argument("--deadline", type=float, default=5.0, help="seconds for one call")
    parser.add_argument("--payment", default="taken", choices=["taken", "declined"], help="what the terminal says")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("sell").add_argument("basket")
    commands.add_parser("finish")
    options = parser.parse_args()

    service_config = (Path(__file__).parent.parent / "service-config.json").read_text()
    credentials = Credentials(options.address, options.token_file, options.authority, options.plaintext)
    journal = Journal(options.journal)
    with open_channel(credentials, json.dumps(json.loads(service_config))) as channel:
        till = Till(channel, credentials, journal, options)
        # What was begun comes first: after a power cut the last customer is still there.
        till.finish()
        if options.command == "sell":
            try:
                till.sell(Parse(Path(options.basket).read_text(), pricing_pb2.QuoteRequest()))
            except (Refused, NoAnswer) as error:
                sys.exit(f"not sold: {error}")
    # Nothing is lost where something is left: the next start goes on with it.
    sys.exit(3 if journal.unfinished else 0)


if __name__ == "__main__":
    main()
