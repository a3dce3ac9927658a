#!/usr/bin/python3
"""A client of another language: protoc's Python messages and grpcio ask an observer; what they understood is printed as lines."""
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from flow import flow_pb2
from health import health_pb2
from observer import observer_pb2
from peer import peer_pb2


def method(channel, path, request, response):
    kind = channel.unary_stream if path.rsplit("/", 1)[1] in ("GetFlows", "Notify") else channel.unary_unary
    return kind(path, request_serializer=request.SerializeToString, response_deserializer=response.FromString)


with grpc.insecure_channel(sys.argv[2]) as channel:
    check = method(channel, "/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse)
    print("health", check(health_pb2.HealthCheckRequest(), timeout=30).status)

    status = method(channel, "/observer.Observer/ServerStatus", observer_pb2.ServerStatusRequest, observer_pb2.ServerStatusResponse)
    answer = status(observer_pb2.ServerStatusRequest(), timeout=30)
    print("status", answer.num_flows, answer.max_flows, answer.seen_flows)

    flows = method(channel, "/observer.Observer/GetFlows", observer_pb2.GetFlowsRequest, observer_pb2.GetFlowsResponse)
    wanted = flow_pb2.FlowFilter(destination_port=["443"], source_label=["k8s:app=web"])
    for response in flows(observer_pb2.GetFlowsRequest(number=10, whitelist=[wanted]), timeout=30):
        f = response.flow
        print("flow", f.source.namespace, f.source.pod_name, f.IP.source, f.IP.destination, f.l4.TCP.destination_port, int(f.l4.TCP.flags.SYN),
              flow_pb2.Verdict.Name(f.verdict), flow_pb2.TraceObservationPoint.Name(f.trace_observation_point), f.is_reply.value, response.node_name, f.time.seconds)

    try:
        list(flows(observer_pb2.GetFlowsRequest(whitelist=[flow_pb2.FlowFilter(source_ip=["nonsense"])]), timeout=30))
    except grpc.RpcError as error:
        print("error", error.code().name, error.details())

    follow = flows(observer_pb2.GetFlowsRequest(follow=True), timeout=1)
    try:
        list(follow)
    except grpc.RpcError as error:
        print("deadline", error.code().name)

    notify = method(channel, "/peer.Peer/Notify", peer_pb2.NotifyRequest, peer_pb2.ChangeNotification)
    change = next(iter(notify(peer_pb2.NotifyRequest(), timeout=30)))
    print("peer", change.name, change.address, change.type, change.tls.server_name)
