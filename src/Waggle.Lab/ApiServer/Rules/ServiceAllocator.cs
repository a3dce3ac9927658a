using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Gives Services their cluster addresses and node ports. What is taken is read from the stored Services: there is no second truth.</summary>
internal sealed class ServiceAllocator(ApiServerRuntime runtime)
{
    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;

    private readonly Lock _lock = new();
    // Addresses given in this process and perhaps not stored yet.
    private readonly Dictionary<string, (DateTimeOffset Since, string? Uid)> _recent = [];
    private long _nextAddress = 10;
    private int _nextPort = FirstNodePort;

    /// <exception cref="ApiException">422: an address or port is taken, out of range, or none is left.</exception>
    public void Allocate(ResourceDefinition resource, JsonObject service)
    {
        var spec = (JsonObject)service["spec"]!;
        var name = J.Str(service["metadata"], "name") ?? "";
        var uid = J.Str(service["metadata"], "uid");
        lock (_lock)
        {
            var (addresses, ports) = Taken(uid);
            if (J.Str(spec, "type") == "ExternalName")
            {
                spec.Remove("clusterIP");
                spec.Remove("clusterIPs");
                return;
            }
            var errors = new FieldErrors();
            Addresses(spec, uid, addresses, errors);
            Ports(spec, ports, errors);
            if (errors.Any)
            {
                throw ApiException.Invalid(resource, name, errors);
            }
        }
    }

    private void Addresses(JsonObject spec, string? uid, HashSet<string> taken, FieldErrors errors)
    {
        var families = Families(spec, errors);
        if (errors.Any)
        {
            return;
        }
        if (J.Str(spec, "clusterIP") == "None")
        {
            spec["clusterIPs"] = J.Strings(["None"]);
        }
        else
        {
            var given = (J.Arr(spec, "clusterIPs") ?? []).Select(i => J.Text(i)!).ToList();
            if (J.Str(spec, "clusterIP") is { Length: > 0 } first && given.Count == 0)
            {
                given.Add(first);
            }
            for (var i = 0; i < families.Count; i++)
            {
                var range = families[i] == "IPv4" ? runtime.Options.ServiceCidr : runtime.Options.ServiceCidrV6!.Value;
                if (i < given.Count)
                {
                    Check(given[i], i, range, taken, errors);
                    continue;
                }
                given.Add(Free(range, uid, taken) ?? "");
                if (given[i].Length == 0)
                {
                    errors.Invalid($"spec.clusterIPs[{i}]", "", "failed to allocate an IP address: the range is full");
                }
            }
            spec["clusterIPs"] = J.Strings(given.Take(families.Count));
            spec["clusterIP"] = given[0];
        }
        spec["ipFamilies"] = J.Strings(families);
        spec["ipFamilyPolicy"] ??= families.Count == 2 ? "RequireDualStack" : "SingleStack";
    }

    private List<string> Families(JsonObject spec, FieldErrors errors)
    {
        var wanted = (J.Arr(spec, "ipFamilies") ?? []).Select(f => J.Text(f)!).ToList();
        var dual = runtime.Options.ServiceCidrV6 is not null;
        if (wanted.Contains("IPv6") && !dual)
        {
            errors.Invalid("spec.ipFamilies", spec["ipFamilies"], "not configured on this cluster");
            return [];
        }
        if (wanted.Count == 0)
        {
            wanted.Add(J.Str(spec, "clusterIP") is { } ip && ip.Contains(':') ? "IPv6" : "IPv4");
        }
        switch (J.Str(spec, "ipFamilyPolicy"))
        {
            case "RequireDualStack" when !dual:
                errors.Invalid("spec.ipFamilyPolicy", "RequireDualStack", "this cluster is not configured for dual-stack services");
                break;
            case "RequireDualStack" or "PreferDualStack" when dual && wanted.Count == 1:
                wanted.Add(wanted[0] == "IPv4" ? "IPv6" : "IPv4");
                break;
        }
        return wanted;
    }

    private static void Check(string text, int index, IPNetwork range, HashSet<string> taken, FieldErrors errors)
    {
        if (!IPAddress.TryParse(text, out var address) || !range.Contains(address))
        {
            errors.Invalid($"spec.clusterIPs[{index}]", text, $"failed to allocate IP {text}: the provided IP is not in the valid range. The range of valid IPs is {range}");
        }
        else if (taken.Contains(text))
        {
            errors.Invalid($"spec.clusterIPs[{index}]", text, $"failed to allocate IP {text}: provided IP is already allocated");
        }
    }

    private string? Free(IPNetwork range, string? uid, HashSet<string> taken)
    {
        var v4 = range.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var size = (long)Math.Min(65534, BigInteger.Pow(2, (v4 ? 32 : 128) - range.PrefixLength) is var all && all > 65536 ? 65534 : (double)all - 2);
        for (long i = 0; i < size; i++)
        {
            var candidate = Nth(range.BaseAddress, 1 + ((_nextAddress + i - 1) % size));
            if (candidate is not null && !taken.Contains(candidate))
            {
                _nextAddress = (_nextAddress + i + 1) % size;
                _recent[candidate] = (runtime.Options.Time.GetUtcNow(), uid);
                taken.Add(candidate);
                return candidate;
            }
        }
        return null;
    }

    private static string? Nth(IPAddress start, long offset)
    {
        var bytes = start.GetAddressBytes();
        for (var i = bytes.Length - 1; i >= 0 && offset > 0; i--)
        {
            offset += bytes[i];
            bytes[i] = (byte)offset;
            offset >>= 8;
        }
        return new IPAddress(bytes).ToString();
    }

    private void Ports(JsonObject spec, HashSet<long> taken, FieldErrors errors)
    {
        var wanted = ServiceRules.NeedsNodePort(spec);
        foreach (var (i, item) in (J.Arr(spec, "ports") ?? []).Index())
        {
            var port = (JsonObject)item!;
            var number = J.Int(port["nodePort"]) ?? 0;
            if (!wanted)
            {
                if (number != 0)
                {
                    port.Remove("nodePort");
                }
                continue;
            }
            if (number != 0)
            {
                if (number is < FirstNodePort or > LastNodePort)
                {
                    errors.Invalid($"spec.ports[{i}].nodePort", port["nodePort"], $"provided port is not in the valid range. The range of valid ports is {FirstNodePort}-{LastNodePort}");
                }
                else if (!taken.Add(number))
                {
                    errors.Invalid($"spec.ports[{i}].nodePort", port["nodePort"], "provided port is already allocated");
                }
                continue;
            }
            for (var tries = 0; tries <= LastNodePort - FirstNodePort; tries++)
            {
                var candidate = _nextPort;
                _nextPort = _nextPort == LastNodePort ? FirstNodePort : _nextPort + 1;
                if (taken.Add(candidate))
                {
                    port["nodePort"] = J.Num(candidate);
                    break;
                }
            }
        }
    }

    private (HashSet<string>, HashSet<long>) Taken(string? except)
    {
        var addresses = new HashSet<string>();
        var ports = new HashSet<long>();
        foreach (var item in runtime.Store.Snapshot("services").Objects)
        {
            if (J.Str(item.Tree["metadata"], "uid") == except)
            {
                continue;
            }
            var spec = J.Obj(item.Tree, "spec");
            addresses.UnionWith((J.Arr(spec, "clusterIPs") ?? []).Select(i => J.Text(i)!));
            ports.UnionWith((J.Arr(spec, "ports") ?? []).Select(p => J.Int(p?["nodePort"]) ?? 0));
        }
        var old = runtime.Options.Time.GetUtcNow() - TimeSpan.FromSeconds(30);
        foreach (var (address, (since, uid)) in _recent.ToList())
        {
            if (since < old)
            {
                _recent.Remove(address);
            }
            else if (uid != except)
            {
                addresses.Add(address);
            }
        }
        return (addresses, ports);
    }
}
