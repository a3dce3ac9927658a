using Waggle.Hubble.Protocol.Health;
using Status = Waggle.Hubble.Protocol.Health.HealthCheckResponse.Types.ServingStatus;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>grpc.health.v1: every service that is there serves, until told otherwise.</summary>
public sealed class RpcHealth
{
    private readonly RpcServer _server;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _serving = true;

    /// <summary>Adds the service to a server.</summary>
    public RpcHealth(RpcServer server)
    {
        _server = server;
        server.Describe(HealthReflection.Descriptor.Services[0]);
        server.AddUnary(HubbleMethods.HealthCheck, (request, _) => Of(request.Service) is { } status
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(RpcStatusCode.NotFound, $"no service {request.Service}"));
        server.AddServerStreaming(HubbleMethods.HealthWatch, async (request, writer, call) =>
        {
            var told = Status.Unknown;
            while (true)
            {
                var changed = _changed.Task;
                var now = Of(request.Service) ?? Status.ServiceUnknown;
                if (now != told)
                {
                    told = now;
                    await writer.WriteAsync(new HealthCheckResponse { Status = now }).ConfigureAwait(false);
                }

                await changed.WaitAsync(call.Cancellation).ConfigureAwait(false);
            }
        });
    }

    /// <summary>Whether the server does its work.</summary>
    public bool Serving
    {
        get => _serving;
        set
        {
            _serving = value;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    private Status? Of(string service)
    {
        var known = service.Length == 0 || _server.Services.ContainsKey(service == HubbleMethods.ObserverHealth ? HubbleMethods.ObserverService : service);
        return !known ? null : _serving ? Status.Serving : Status.NotServing;
    }
}
