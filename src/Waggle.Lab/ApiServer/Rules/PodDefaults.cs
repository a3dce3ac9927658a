using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Defaults of a pod spec that depend on other fields.</summary>
internal static class PodDefaults
{
    public static void Apply(JsonObject spec)
    {
        var hostNetwork = J.Bool(spec["hostNetwork"]) == true;
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
        {
            foreach (var item in J.Arr(spec, list) ?? [])
            {
                if (item is JsonObject container)
                {
                    Container(container, hostNetwork);
                }
            }
        }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        if (container["imagePullPolicy"] is null && J.Str(container, "image") is { } image)
        {
            container["imagePullPolicy"] = Tag(image) is "latest" ? "Always" : "IfNotPresent";
        }
        if (J.Obj(J.Obj(container, "resources"), "limits") is { } limits)
        {
            var requests = J.Ensure((JsonObject)container["resources"]!, "requests");
            foreach (var (name, value) in limits)
            {
                if (!requests.ContainsKey(name))
                {
                    requests[name] = J.Clone(value);
                }
            }
        }
        if (hostNetwork)
        {
            foreach (var port in J.Arr(container, "ports") ?? [])
            {
                if (port is JsonObject p && p["hostPort"] is null)
                {
                    p["hostPort"] = J.Clone(p["containerPort"]);
                }
            }
        }
    }

    private static string Tag(string image)
    {
        if (image.Contains('@'))
        {
            return "digest";
        }
        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.IndexOf(':');
        return colon < 0 ? "latest" : name[(colon + 1)..];
    }
}
