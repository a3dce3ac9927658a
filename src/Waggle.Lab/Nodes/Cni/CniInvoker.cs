using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Lab.Nodes.Launching;

namespace Waggle.Lab.Nodes.Cni;

/// <summary>Calls CNI plugins inside a node, by the specification 1.0 (sections 2 to 5): chained ADD, DEL in reverse order.</summary>
internal sealed class CniInvoker(NodeLauncher launcher, string pluginDirectory)
{
    public const string InterfaceName = "eth0";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Attaches a pod; on failure the plugins called so far are told to detach it again.</summary>
    /// <returns>The last plugin's result.</returns>
    /// <exception cref="CniException">A plugin refused; its message is in it.</exception>
    public async Task<JsonObject> AddAsync(CniConfiguration configuration, CniRequest request, CancellationToken cancellation)
    {
        JsonObject? result = null;
        foreach (JsonObject plugin in configuration.Plugins)
            result = await CallAsync("ADD", configuration, plugin, request, result, cancellation).ConfigureAwait(false) ?? result;
        return result ?? throw new CniException($"network \"{configuration.Name}\": no plugin gave a result");
    }

    /// <summary>Detaches a pod. Plugins answer success for what is not there; all are called even when one fails.</summary>
    /// <param name="configuration">The network.</param>
    /// <param name="request">As for the attachment.</param>
    /// <param name="result">What ADD gave; null when it failed.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task DeleteAsync(CniConfiguration configuration, CniRequest request, JsonObject? result, CancellationToken cancellation)
    {
        CniException? first = null;
        foreach (JsonObject plugin in configuration.Plugins.Reverse())
        {
            try
            {
                _ = await CallAsync("DEL", configuration, plugin, request, result, cancellation).ConfigureAwait(false);
            }
            catch (CniException e)
            {
                first ??= e;
            }
        }
        if (first is not null)
            throw first;
    }

    /// <summary>The addresses in a result, without prefix lengths.</summary>
    public static IReadOnlyList<string> AddressesOf(JsonObject result)
    {
        List<string> addresses = [];
        foreach (JsonNode? entry in result["ips"] as JsonArray ?? [])
        {
            if (entry?["address"]?.GetValue<string>() is { } address)
                addresses.Add(address.Split('/')[0]);
        }
        return addresses;
    }

    private async Task<JsonObject?> CallAsync(string command, CniConfiguration configuration, JsonObject plugin, CniRequest request, JsonObject? previous, CancellationToken cancellation)
    {
        string type = plugin["type"]!.GetValue<string>();
        byte[] input = Encoding.UTF8.GetBytes(Configure(configuration, plugin, request, previous).ToJsonString());
        var process = new ProcessSpec
        {
            Arguments = [$"{pluginDirectory}/{type}"],
            Environment = new Dictionary<string, string>
            {
                ["CNI_COMMAND"] = command,
                ["CNI_CONTAINERID"] = request.Sandbox,
                ["CNI_NETNS"] = request.NetworkNamespace,
                ["CNI_IFNAME"] = InterfaceName,
                ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE={request.Namespace};K8S_POD_NAME={request.Pod};K8S_POD_INFRA_CONTAINER_ID={request.Sandbox};K8S_POD_UID={request.Uid}",
                ["CNI_PATH"] = pluginDirectory,
                ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            },
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        string what = $"plugin type=\"{type}\" name=\"{configuration.Name}\" failed ({command.ToLowerInvariant()})";
        try
        {
            ToolResult result = await launcher.RunToolAsync(process, input, limit.Token).ConfigureAwait(false);
            return result.ExitCode == 0 ? Read(result.Output, what) : throw new CniException($"{what}: {Failure(result)}");
        }
        catch (LaunchException e) when (e.Failure == LaunchFailure.NotFound)
        {
            throw new CniException($"failed to find plugin \"{type}\" in path [{pluginDirectory}]");
        }
        catch (LaunchException e)
        {
            throw new CniException($"{what}: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CniException($"{what}: no answer within {Limit.TotalSeconds} s");
        }
    }

    private static JsonObject Configure(CniConfiguration configuration, JsonObject plugin, CniRequest request, JsonObject? previous)
    {
        JsonObject input = plugin.DeepClone().AsObject();
        input["cniVersion"] = configuration.Version;
        input["name"] = configuration.Name;
        if (previous is not null)
            input["prevResult"] = previous.DeepClone();
        if (input["capabilities"] is JsonObject capabilities)
        {
            if (capabilities["portMappings"]?.GetValue<bool>() == true && request.Ports.Count > 0)
                input["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray([.. request.Ports.Select(Mapping)]) };
            input.Remove("capabilities");
        }
        return input;
    }

    private static JsonNode Mapping(CniPortMapping port)
    {
        var mapping = new JsonObject { ["hostPort"] = port.HostPort, ["containerPort"] = port.ContainerPort, ["protocol"] = port.Protocol.ToLowerInvariant() };
        if (port.HostIp is { Length: > 0 } address)
            mapping["hostIP"] = address;
        return mapping;
    }

    private static JsonObject? Read(string output, string what)
    {
        if (string.IsNullOrWhiteSpace(output))
            return null;
        try
        {
            return JsonNode.Parse(output) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new CniException($"{what}: its answer is not JSON: {e.Message}");
        }
    }

    /// <summary>A failing plugin prints <c>{"code", "msg", "details"}</c>; one that crashes prints whatever it can.</summary>
    private static string Failure(ToolResult result)
    {
        try
        {
            if (JsonNode.Parse(result.Output) is JsonObject error && error["msg"]?.ToString() is { Length: > 0 } message)
                return error["details"]?.ToString() is { Length: > 0 } details ? $"{message}: {details}" : message;
        }
        catch (JsonException)
        {
            // Fall through to what it printed.
        }
        string text = $"{result.Output} {result.Errors}".Trim();
        return text.Length > 0 ? text[..Math.Min(text.Length, 500)] : $"exit code {result.ExitCode}";
    }
}
