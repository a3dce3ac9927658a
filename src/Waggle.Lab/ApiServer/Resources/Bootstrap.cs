using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The objects every cluster has from its first second; made again when missing.</summary>
internal static class Bootstrap
{
    private static readonly string[] s_namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    public static async Task EnsureAsync(ApiServerRuntime runtime, CancellationToken cancellation)
    {
        var work = new List<Task>();
        foreach (var name in s_namespaces)
        {
            work.Add(EnsureAsync(runtime, "", "namespaces", null, name, []));
        }
        await Task.WhenAll(work);
        cancellation.ThrowIfCancellationRequested();
        work.Clear();
        work.Add(PriorityClass(runtime, "system-cluster-critical", 2000000000));
        work.Add(PriorityClass(runtime, "system-node-critical", 2000001000));
        foreach (var (name, rules, group) in BootstrapRoles.All())
        {
            work.Add(EnsureAsync(runtime, "rbac.authorization.k8s.io", "clusterroles", null, name, new JsonObject { ["rules"] = rules }, replace: "rules"));
            if (group is not null)
            {
                work.Add(EnsureAsync(runtime, "rbac.authorization.k8s.io", "clusterrolebindings", null, name, BootstrapRoles.Binding(name, group)));
            }
        }
        work.Add(EnsureAsync(runtime, "", "services", "default", "kubernetes", KubernetesService(runtime)));
        await Task.WhenAll(work);
        await EndpointsAsync(runtime);
    }

    private static JsonObject KubernetesService(ApiServerRuntime runtime)
    {
        var bytes = runtime.Options.ServiceCidr.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            ["spec"] = new JsonObject
            {
                ["clusterIP"] = new System.Net.IPAddress(bytes).ToString(),
                ["type"] = "ClusterIP",
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = J.Num(443), ["protocol"] = "TCP", ["targetPort"] = J.Num(6443) }),
            },
        };
    }

    private static async Task EndpointsAsync(ApiServerRuntime runtime)
    {
        if (runtime.Options.AdvertiseAddress is not { } address)
        {
            return;
        }
        var ip = address.Address.ToString();
        var port = new JsonObject { ["name"] = "https", ["port"] = J.Num(address.Port), ["protocol"] = "TCP" };
        await EnsureAsync(runtime, "", "endpoints", "default", "kubernetes", new JsonObject
        {
            ["subsets"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(new JsonObject { ["ip"] = ip }), ["ports"] = new JsonArray(port.DeepClone()) }),
        }, replace: "subsets");
        await EnsureAsync(runtime, "discovery.k8s.io", "endpointslices", "default", "kubernetes", new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" } },
            ["addressType"] = ip.Contains(':') ? "IPv6" : "IPv4",
            ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = J.Strings([ip]), ["conditions"] = new JsonObject { ["ready"] = true } }),
            ["ports"] = new JsonArray(port),
        }, replace: "endpoints");
    }

    private static Task PriorityClass(ApiServerRuntime runtime, string name, long value) =>
        EnsureAsync(runtime, "scheduling.k8s.io", "priorityclasses", null, name, new JsonObject
        {
            ["value"] = J.Num(value),
            ["description"] = string.Create(CultureInfo.InvariantCulture, $"Used for system critical pods ({value})."),
        });

    private static async Task EnsureAsync(ApiServerRuntime runtime, string group, string plural, string? space, string name, JsonObject body, string? replace = null)
    {
        var resource = runtime.Surface.Find(group, "v1", plural)!;
        var context = WriteContext.System(resource);
        J.Ensure(body, "metadata")["name"] = name;
        if (runtime.Store.Head(resource.StoreName, StoredObject.KeyOf(space, name)) is null)
        {
            await runtime.Writer.CreateAsync(context, space, body);
        }
        else if (replace is not null)
        {
            await runtime.Writer.UpdateAsync(context, space, name, current =>
            {
                current[replace] = J.Clone(body[replace]);
                return current;
            });
        }
    }
}
