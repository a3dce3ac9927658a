using Microsoft.Extensions.Logging;
using Waggle.Bpf;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>
/// The shared maps (LIBBPF_PIN_BY_NAME) during one load: the first object that declares a map adopts the pinned one or makes a new one, later objects
/// use the same. Nothing in the bpffs changes before <see cref="Publish"/>, so a load that fails leaves everything as it was.
/// </summary>
internal sealed partial class SharedMaps(DatapathPaths paths, Func<string, MapDefinition?> catalogue, ILogger logger) : IDisposable
{
    private const string RetiredMark = "-retired-";

    private readonly Dictionary<string, BpfMap> maps = [];
    private readonly Dictionary<string, (BpfMap Map, MapRowConversion? Convert)> migrateFrom = [];
    private readonly List<SharedMap> outcomes = [];

    internal IReadOnlyList<SharedMap> Outcomes => outcomes;

    /// <summary>Before the object is loaded: hands it the maps that exist.</summary>
    internal void Offer(BpfObject o)
    {
        foreach (var declared in o.Maps.Where(IsShared).ToList())
        {
            var definition = catalogue(declared.Name);
            if (definition is not null)
            {
                AbiCheck.RequireDeclaration(o, definition, declared);
            }

            if (maps.TryGetValue(declared.Name, out var known))
            {
                RequireSame(o, declared, known);
                o.ReuseMap(declared.Name, known);
            }
            else if (BpfMap.TryOpenPinned(PinOf(declared.Name)) is { } pinned)
            {
                Consider(o, declared, pinned);
            }
            else if (definition is not null && OtherVersions(definition).OrderByDescending(p => p.Version).FirstOrDefault() is { Path: not null } other)
            {
                ConsiderVersion(declared, definition, other.Path, other.Version);
            }
            else
            {
                outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Created));
            }
        }
    }

    /// <summary>After the object is loaded: takes the maps it made.</summary>
    internal void Collect(BpfObject o)
    {
        foreach (var declared in o.Maps.Where(IsShared))
        {
            if (!maps.ContainsKey(declared.Name))
            {
                maps[declared.Name] = o.GetMap(declared.Name);
            }
        }
    }

    /// <summary>Copies rows and pins the new maps. A retired pin keeps its map until <see cref="PruneRetired"/>.</summary>
    internal void Publish()
    {
        foreach (var (name, (old, convert)) in migrateFrom)
        {
            Copy(old, maps[name], convert);
        }

        foreach (var outcome in outcomes)
        {
            foreach (var (path, _) in catalogue(outcome.Name) is { } definition ? OtherVersions(definition) : [])
            {
                Retire(path);
            }

            if (outcome.Outcome != SharedMapOutcome.Adopted)
            {
                var path = PinOf(outcome.Name);
                if (File.Exists(path))
                {
                    Retire(path);
                }

                maps[outcome.Name].Pin(path);
            }
        }
    }

    /// <summary>Removes the pins of maps that were replaced; programs that still use one keep it alive.</summary>
    internal static void PruneRetired(DatapathPaths paths)
    {
        foreach (var path in Directory.EnumerateFiles(paths.Maps).Where(p => Path.GetFileName(p).Contains(RetiredMark, StringComparison.Ordinal)).ToList())
        {
            File.Delete(path);
        }
    }

    /// <summary>Gives the maps to the caller.</summary>
    internal Dictionary<string, BpfMap> Release()
    {
        var result = new Dictionary<string, BpfMap>(maps);
        maps.Clear();
        return result;
    }

    public void Dispose()
    {
        foreach (var map in maps.Values.Concat(migrateFrom.Values.Select(m => m.Map)))
        {
            map.Dispose();
        }
    }

    private static bool IsShared(BpfMapDeclaration map) => map.PinByName;

    private string PinOf(string name) => Path.Combine(paths.Maps, catalogue(name)?.PinName ?? name);

    private List<(string Path, int Version)> OtherVersions(MapDefinition definition) =>
    [
        .. Directory.EnumerateFiles(paths.Maps)
            .Select(p => (Path: p, Version: definition.VersionOf(Path.GetFileName(p)) ?? definition.Version))
            .Where(p => p.Version != definition.Version),
    ];

    private static void Retire(string path)
    {
        using var old = BpfMap.OpenPinned(path);
        File.Move(path, $"{path}{RetiredMark}{old.Info.Id}", overwrite: true);
    }

    /// <summary>A map of another version is pinned: its rows are converted, or left to their owner to write again.</summary>
    private void ConsiderVersion(BpfMapDeclaration declared, MapDefinition definition, string path, int version)
    {
        var change = $"it is of version {version}, now {definition.Version}";
        if (version == definition.Version - 1 && definition.FromBefore is { } convert && CanConvert(declared.Type))
        {
            migrateFrom[declared.Name] = (BpfMap.OpenPinned(path), convert);
            outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Migrated, change));
            LogConverted(declared.Name, change);
        }
        else
        {
            outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Replaced, change));
            LogReplaced(declared.Name, change);
        }
    }

    private void Consider(BpfObject o, BpfMapDeclaration declared, BpfMap pinned)
    {
        var layout = MapCompatibility.LayoutDifference(pinned, declared, o.Btf);
        var capacity = MapCompatibility.CapacityDifference(pinned, declared);
        if (layout is null && capacity is null)
        {
            o.ReuseMap(declared.Name, pinned);
            maps[declared.Name] = pinned;
            outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Adopted));
        }
        else if (layout is null && CanCopy(declared.Type))
        {
            migrateFrom[declared.Name] = (pinned, null);
            outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Migrated, capacity!));
            LogMigrated(declared.Name, capacity!);
        }
        else
        {
            pinned.Dispose();
            outcomes.Add(new SharedMap(declared.Name, SharedMapOutcome.Replaced, layout ?? capacity!));
            LogReplaced(declared.Name, layout ?? capacity!);
        }
    }

    private static void RequireSame(BpfObject o, BpfMapDeclaration declared, BpfMap known)
    {
        if ((MapCompatibility.LayoutDifference(known, declared, o.Btf) ?? MapCompatibility.CapacityDifference(known, declared)) is { } difference)
        {
            throw new BpfLayoutException($"map {declared.Name} of object {o.Name}", $"another object declares it differently: {difference}");
        }
    }

    private static bool CanCopy(BpfMapType type) => type is BpfMapType.Hash or BpfMapType.LruHash or BpfMapType.LpmTrie or BpfMapType.Array
        or BpfMapType.PerCpuArray or BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash;

    private static bool CanConvert(BpfMapType type) => type is BpfMapType.Hash or BpfMapType.LruHash or BpfMapType.LpmTrie or BpfMapType.Array;

    private void Copy(BpfMap from, BpfMap to, MapRowConversion? convert)
    {
        byte[] newKey = new byte[to.Info.KeySize], newValue = new byte[to.Info.ValueSize];
        var isArray = to.Info.Type is BpfMapType.Array or BpfMapType.PerCpuArray;
        long copied = 0, left = 0;
        foreach (var (key, value) in from.Entries())
        {
            if (isArray && BitConverter.ToUInt32(key) >= to.Info.MaxEntries)
            {
                left++;
                continue;
            }

            try
            {
                if (convert is null)
                {
                    to.Update(key, value);
                }
                else
                {
                    Array.Clear(newKey);
                    Array.Clear(newValue);
                    if (!convert(key, value, newKey, newValue))
                    {
                        continue;
                    }

                    to.Update(newKey, newValue);
                }

                copied++;
            }
            catch (BpfMapFullException)
            {
                left++;
            }
        }

        if (left > 0)
        {
            LogRowsLeft(to.Name, copied, left);
        }
    }
}
