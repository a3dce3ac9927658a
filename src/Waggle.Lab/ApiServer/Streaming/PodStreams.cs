namespace Waggle.Lab.ApiServer;

/// <summary>log, exec, attach and port-forward.</summary>
internal sealed class PodStreams(ApiServerRuntime runtime)
{
    public StoredObject Pod(ApiRequest request) =>
        runtime.Store.Snapshot("pods").Find(StoredObject.KeyOf(request.Namespace, request.Name!)) ?? throw ApiException.NotFound(request.Resource, request.Name!);

    public Task LogAsync(ApiRequest request) => throw ApiException.Unavailable("not yet");

    public Task ExecAsync(ApiRequest request) => throw ApiException.Unavailable("not yet");

    public Task AttachAsync(ApiRequest request) => throw ApiException.Unavailable("not yet");

    public Task PortForwardAsync(ApiRequest request) => throw ApiException.Unavailable("not yet");
}
