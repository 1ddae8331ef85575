"""Prices baskets over gRPC without any code generated from our proto files.

Everything is learned from the server by reflection: the descriptors, the messages, the method. Reads one QuoteRequest as
proto3 JSON a line, prints one Quote a line, compact, with the field names of the proto.

    python quote.py ADDRESS < baskets.jsonl
"""

import json
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "pricewright.v1.PricingService"


def main(address):
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert SERVICE in database.get_services(), "reflection does not list the service"
        method = DescriptorPool(database).FindServiceByName(SERVICE).FindMethodByName("Quote")
        request_class = GetMessageClass(method.input_type)
        reply_class = GetMessageClass(method.output_type)
        call = channel.unary_unary(
            f"/{SERVICE}/{method.name}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=reply_class.FromString,
        )
        for line in sys.stdin:
            reply = call(json_format.Parse(line, request_class()), timeout=10)
            quote = json_format.MessageToDict(reply, preserving_proto_field_name=True)
            print(json.dumps(quote, separators=(",", ":"), ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
