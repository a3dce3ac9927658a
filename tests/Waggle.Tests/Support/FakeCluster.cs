using System.Text.Json.Nodes;

namespace Waggle.Tests.Support;

/// <summary>An API server that knows a few objects by path, with a kubeconfig that leads to it.</summary>
internal sealed class FakeCluster : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("wgt-kube-");
    private readonly Dictionary<string, JsonNode> _objects = [];

    public FakeCluster()
    {
        Server = FakeServer.OnLoopback(Answer);
        Kubeconfig = Path.Combine(_folder.FullName, "config");
        File.WriteAllText(Kubeconfig, $$$"""
            {"apiVersion": "v1", "kind": "Config", "current-context": "t",
             "clusters": [{"name": "t", "cluster": {"server": "http://127.0.0.1:{{{Server.Port}}}"}}],
             "users": [{"name": "t", "user": {}}],
             "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}]}
            """);
    }

    public FakeServer Server { get; }

    public string Kubeconfig { get; }

    /// <summary>What <paramref name="path"/> (without query) answers; a list is wrapped.</summary>
    public FakeCluster With(string path, string json)
    {
        var node = JsonNode.Parse(json)!;
        _objects[path] = node is JsonArray list ? new JsonObject { ["kind"] = "List", ["metadata"] = new JsonObject(), ["items"] = list } : node;
        return this;
    }

    public Task<Outcome> RunAsync(params string[] words) => InProcess.RunAsync([.. words, "--kubeconfig", Kubeconfig]);

    public void Dispose()
    {
        Server.Dispose();
        _folder.Delete(recursive: true);
    }

    private (int Status, string Body)? Answer(string method, string path, string body)
    {
        if (!_objects.TryGetValue(path.Split('?')[0], out var found))
        {
            return null;
        }

        return method switch
        {
            "PATCH" => (200, Merge(found.AsObject(), JsonNode.Parse(body)!.AsObject()).ToJsonString()),
            "DELETE" => (200, """{"kind":"Status","status":"Success"}"""),
            _ => (200, found.ToJsonString()),
        };
    }

    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is JsonObject inner && target[name] is JsonObject own)
            {
                Merge(own, inner);
            }
            else if (value is null)
            {
                target.Remove(name);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }

        return target;
    }
}
