"""The life of a gift certificate, over gRPC without any code generated from our proto files.

Sold, paid, issued, opened with passwords that a real webhook receiver was sent, spent in part by two tills on three purchases of which one is
called off and one brought back, looked at to the kopiyka, stated; and another one that expires.

    python certificate.py ADDRESS RECEIVED

RECEIVED is the file into which docs/otp-receiver.py writes what it has accepted.
"""

import json
import sys
import time
import uuid

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

WORTH = 1_000_01
PHONES = ["+380671112201", "+380671112202", "+380671112203", "+380671112204"]


class Service:
    """A service as reflection describes it."""

    def __init__(self, channel, pool, name):
        self.channel, self.name = channel, f"pricewright.v1.{name}"
        self.service = pool.FindServiceByName(self.name)

    def call(self, method, **fields):
        method = self.service.FindMethodByName(method)
        request, reply = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        if "request_id" in method.input_type.fields_by_name:
            fields.setdefault("request_id", str(uuid.uuid4()))
        stub = self.channel.unary_unary(
            f"/{self.name}/{method.name}",
            request_serializer=request.SerializeToString,
            response_deserializer=reply.FromString,
        )
        return stub(ParseDict(fields, request()), timeout=30)

    def refused(self, method, **fields):
        try:
            self.call(method, **fields)
        except grpc.RpcError as error:
            return error.code()
        raise AssertionError(f"{method} was not refused")


def check(what, found, expected):
    assert found == expected, f"{what}: {found}, not {expected}"
    print(f"  {what}: {found}")


def money(minor):
    return f"{minor // 100}.{minor % 100:02}"


class Shop:
    def __init__(self, channel, received):
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self.received = received
        self.till = Service(channel, pool, "RedemptionService")
        self.desk = Service(channel, pool, "CertificateService")

    def sell(self, amount):
        """A line sold and paid: the purchase's id."""
        line = {"id": "1", "sku": "GIFT", "quantity": 1, "unit_price": amount, "gift_certificate": True}
        sale = self.till.call("Reserve", quote_request={"basket": {"lines": [line]}})
        assert sale.total == amount, "a promotion has touched a certificate"
        check("issued before it is paid", self.desk.refused("Issue", sale_id=sale.id, phone=PHONES[0]).name, "FAILED_PRECONDITION")
        return self.till.call("Commit", sale_id=sale.id).id

    def password(self, number, phone, **purpose):
        """Asks for a password, and reads it where the phone would."""
        request_id = str(uuid.uuid4())
        told = self.desk.call("RequestOtp", request_id=request_id, number=number, phone=phone, **purpose)
        assert told.delivery == 1, "the gateway was slow"
        with open(self.received, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        shown = [event["data"] for event in events if event["id"] == f"otp_{request_id}"]
        assert len(shown) == 1 and shown[0]["phone"] == phone, "sent once, to this phone"
        return shown[0]["password"]

    def buy(self, number, phone, till, price, amount):
        """A purchase that the certificate pays a part of."""
        purchase_id = str(uuid.uuid4())
        payment = {"purchase_id": purchase_id, "till_id": till, "amount": amount}
        otp = self.password(number, phone, payment=payment)
        line = {"id": "1", "sku": "NO-PROMOTION-KNOWS-IT", "quantity": 1, "unit_price": price, "no_promotions": True}
        return self.till.call(
            "Reserve",
            quote_request={"basket": {"lines": [line]}},
            purchase_id=purchase_id,
            till_id=till,
            certificates=[{"number": number, "otp": otp}],
        )

    def give(self, certificate, phone):
        self.desk.call(
            "Transfer", certificate={"certificate_id": certificate}, phone=phone, actor="support", reason="given away"
        )

    def statement(self):
        today = time.time()
        days = [time.strftime("%Y-%m-%d", time.gmtime(today + shift)) for shift in (-86_400, 86_400)]
        days = self.desk.call("Statement", first_day=days[0], last_day=days[1], time_zone="Europe/Kyiv").days
        for day in days:
            closing = day.opening + day.issued + day.returned + day.reinstated - day.spent - day.expired - day.refunded
            assert day.closing == closing, "the statement does not add up"
        return days


def main(address, received):
    with grpc.insecure_channel(address) as channel:
        shop = Shop(channel, received)
        sale = shop.sell(WORTH)
        issued = shop.desk.call("Issue", sale_id=sale, phone=PHONES[0])
        check("issued for", money(issued.amount), money(WORTH))
        check("issued twice", shop.desk.refused("Issue", sale_id=sale, phone=PHONES[0]).name, "FAILED_PRECONDITION")
        number, certificate = issued.number, issued.certificate_id

        first = shop.buy(number, PHONES[0], "till-1", 650_00, 400_33)
        check("the first till takes", money(first.payments[0].amount), "400.33")
        check("and in money", money(first.amount_due), "249.67")
        check("the receipt shows", first.payments[0].last_four, number[-4:])
        shop.till.call("Commit", sale_id=first.id)

        shop.give(certificate, PHONES[1])
        second = shop.buy(number, PHONES[1], "till-2", 300_00, 300_00)
        check("the second till holds", money(second.payments[0].amount), "300.00")
        shop.till.call("Cancel", sale_id=second.id)

        shop.give(certificate, PHONES[2])
        third = shop.buy(number, PHONES[2], "till-2", 500_00, 1_000_000_00)
        check("after it was called off takes", money(third.payments[0].amount), "500.00")
        check("left", money(third.payments[0].balance_left), "99.68")
        shop.till.call("Commit", sale_id=third.id)

        units = [{"line_id": "1", "quantity": 1}]
        back = shop.till.call("Refund", sale_id=first.id, units=units).refund
        check("brought back, in money", money(back.amount_due), "249.67")
        check("brought back, to the certificate", money(back.payments[0].amount), "400.33")

        shop.give(certificate, PHONES[3])
        otp = shop.password(number, PHONES[3], look={})
        told = shop.desk.call("ListEntries", number=number, phone=PHONES[3], otp=otp)
        check("balance to the kopiyka", money(told.balance.balance), "500.01")
        check("held", money(told.balance.held), "0.00")
        assert told.entries[0].balance == told.balance.balance and len(told.entries) == told.total_size

        short = shop.sell(50_00)
        end = {"expire_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))}
        shop.desk.call("Issue", sale_id=short, phone=PHONES[0], **end)
        # The ledger itself writes down that its time is over.
        for _ in range(100):
            days = shop.statement()
            if sum(day.expired for day in days):
                break
            time.sleep(0.1)
        total = lambda field: money(sum(getattr(day, field) for day in days))
        check("stated: issued", total("issued"), "1050.01")
        check("stated: spent", total("spent"), "900.33")
        check("stated: returned", total("returned"), "400.33")
        check("stated: expired", total("expired"), "50.00")
        check("stated: owed at the end", money(days[-1].closing), "500.01")
        assert not shop.desk.call("ListUndelivered").otps


if __name__ == "__main__":
    main(*sys.argv[1:3])
