#!/usr/bin/python3
"""A client that knows nothing but the reflection service, as grpcurl does: it learns all messages from the server and calls with them."""
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from reflection import reflection_v1_pb2, reflection_v1alpha_pb2


class Reflected:
    def __init__(self, channel, version, messages):
        self.messages = messages
        self.info = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=messages.ServerReflectionRequest.SerializeToString,
            response_deserializer=messages.ServerReflectionResponse.FromString)
        self.files = {}
        self.pool = descriptor_pool.DescriptorPool()

    def ask(self, *requests):
        return list(self.info(iter([self.messages.ServerReflectionRequest(**r) for r in requests]), timeout=30))

    def services(self):
        return [s.name for s in self.ask({"list_services": ""})[0].list_services_response.service]

    def learn(self, symbol):
        answer = self.ask({"file_containing_symbol": symbol})[0]
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            self.files[file.name] = file
        for name in list(self.files):
            self.add(name)

    def add(self, name):
        try:
            self.pool.FindFileByName(name)
        except KeyError:
            for needed in self.files[name].dependency:
                self.add(needed)
            self.pool.Add(self.files[name])

    def message(self, name):
        return message_factory.MessageFactory(self.pool).GetPrototype(self.pool.FindMessageTypeByName(name))


with grpc.insecure_channel(sys.argv[2]) as channel:
    for version, messages in (("v1", reflection_v1_pb2), ("v1alpha", reflection_v1alpha_pb2)):
        server = Reflected(channel, version, messages)
        for service in server.services():
            server.learn(service)
            methods = server.pool.FindServiceByName(service).methods
            print(version, service, " ".join(m.name for m in methods))

        get = server.pool.FindServiceByName("observer.Observer").FindMethodByName("GetFlows")
        request, response = server.message(get.input_type.full_name), server.message(get.output_type.full_name)
        call = channel.unary_stream("/observer.Observer/GetFlows", request_serializer=request.SerializeToString, response_deserializer=response.FromString)
        for answer in call(json_format.ParseDict({"number": 1, "whitelist": [{"destination_port": ["443"]}]}, request(), descriptor_pool=server.pool), timeout=30):
            flow = json_format.MessageToDict(answer, preserving_proto_field_name=True, descriptor_pool=server.pool)["flow"]
            print(version, flow["source"]["pod_name"], flow["l4"]["TCP"]["destination_port"], flow["verdict"])

        for symbol in ("flow.Flow", "flow.Flow.verdict", "flow.Verdict", "flow.DROPPED", "flow.FlowFilter.Experimental", "flow.Layer4.protocol", "observer.Observer.GetFlows", "google.protobuf.Timestamp", "no.Such"):
            answer = server.ask({"file_containing_symbol": symbol})[0]
            first = [descriptor_pb2.FileDescriptorProto.FromString(d).name for d in answer.file_descriptor_response.file_descriptor_proto][:1]
            print(version, symbol, first or answer.error_response.error_code)

        answers = server.ask({"file_by_filename": "flow/flow.proto"}, {"file_by_filename": "../flow.proto"}, {"all_extension_numbers_of_type": "flow.Flow"}, {"all_extension_numbers_of_type": "no.Such"}, {})
        print(version, len(answers), len(answers[0].file_descriptor_response.file_descriptor_proto) > 1, answers[1].error_response.error_code,
              answers[2].all_extension_numbers_response.base_type_name, answers[3].error_response.error_code, answers[4].error_response.error_code)
