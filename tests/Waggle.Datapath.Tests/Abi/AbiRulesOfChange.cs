using Waggle.Bpf.Btf;

namespace Waggle.Datapath.Tests.Abi;

/// <summary>Which changes of the frozen ABI are never right, each with what to do instead.</summary>
internal static class AbiRulesOfChange
{
    private const string Constants = "abi_constants";
    private const string EventVersion = "ABI_EVENT_VERSION";

    internal static IEnumerable<string> Violations(FrozenAbi before, FrozenAbi now) =>
        [.. OfEnums(before, now), .. OfMaps(before, now), .. OfEvents(before, now)];

    private static IEnumerable<string> OfEnums(FrozenAbi before, FrozenAbi now)
    {
        foreach (var (name, values) in before.Enums.Where(e => e.Key != Constants && now.Enums.ContainsKey(e.Key)))
        {
            foreach (var (value, number) in values)
            {
                if (!now.Enums[name].TryGetValue(value, out var present))
                {
                    yield return $"enum {name}: {value} = {number} is gone. Maps, events and metrics of running nodes hold this number: keep it (a comment may say that it is not used any more) and append new ones.";
                }
                else if (present != number)
                {
                    yield return $"enum {name}: {value} was {number} and is {present} now. Numbers never change: give {value} its number back and append new values at the end.";
                }
            }
        }
    }

    private static IEnumerable<string> OfMaps(FrozenAbi before, FrozenAbi now)
    {
        foreach (var (name, old) in before.Maps)
        {
            if (!now.Maps.TryGetValue(name, out var map))
            {
                continue;
            }

            if (map.Version < old.Version)
            {
                yield return $"map {name}: its version went back from {old.Version} to {map.Version}. A node may hold rows of either under that name: versions only rise.";
            }
            else if (map.Version == old.Version && LayoutChange(before, old, now, map) is { } change)
            {
                yield return $"map {name}: {change}. Pinned maps outlive programs: give it version {old.Version + 1} in src/Waggle.Datapath/Maps/MapCatalogue.cs (its pin is then {name}-v{old.Version + 1}), and say there how rows are converted unless their owner writes them again anyway.";
            }
        }
    }

    private static IEnumerable<string> OfEvents(FrozenAbi before, FrozenAbi now)
    {
        if (before.Enums.GetValueOrDefault(Constants)?.GetValueOrDefault(EventVersion) != now.Enums.GetValueOrDefault(Constants)?.GetValueOrDefault(EventVersion))
        {
            yield break;
        }

        foreach (var name in before.Structs.Keys.Where(IsEvent))
        {
            if (now.Structs.TryGetValue(name, out var layout) && before.Structs[name].Difference(layout) is { } change)
            {
                yield return $"event {name}: {change}. Commands read the ring buffer of agents of other versions: raise EVENT_VERSION in bpf/abi/event.h.";
            }
        }
    }

    private static bool IsEvent(string name) => name.EndsWith("_event", StringComparison.Ordinal) || name is "event_header" or "packet_capture";

    private static string? LayoutChange(FrozenAbi before, FrozenMap old, FrozenAbi now, FrozenMap map)
    {
        if (old.Type != map.Type)
        {
            return $"it was a {old.Type} and is a {map.Type} now";
        }

        return Change("key", old.Key, map.Key) ?? Change("value", old.Value, map.Value);

        string? Change(string role, string from, string to) =>
            from != to ? $"its {role} was {from} and is {to} now"
            : before.Structs.TryGetValue(from, out BtfLayout? a) && now.Structs.TryGetValue(to, out var b) ? (role == "value" ? WithUsedPadding(a, b) : a).Difference(b)
            : null;
    }

    /// <summary>Padding was zero in every row and read by nobody: a field of its size may take its place. (Not in keys: rows would be looked for under others.)</summary>
    private static BtfLayout WithUsedPadding(BtfLayout before, BtfLayout now)
    {
        HashSet<string> known = [.. before.Fields.Select(f => f.Path)];
        return before with
        {
            Fields = [.. before.Fields.Select(f => f.Path == "pad" && now.Fields.All(n => n.Path != "pad")
                && now.Fields.FirstOrDefault(n => n.Offset == f.Offset && n.Type == f.Type && !known.Contains(n.Path)) is { } used ? used : f)],
        };
    }
}
