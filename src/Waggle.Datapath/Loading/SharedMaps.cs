using Microsoft.Extensions.Logging;
using Waggle.Bpf;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>
/// The shared maps (LIBBPF_PIN_BY_NAME) during one load: the first object that declares a map adopts the pinned one or makes a new one, later objects
/// use the same. Nothing in the bpffs changes before <see cref="Publish"/>, so a load that fails leaves everything as it was.
/// </summary>
internal sealed partial class SharedMaps(DatapathPaths paths, ILogger logger) : IDisposable
{
    private const string RetiredMark = "-retired-";

    private readonly Dictionary<string, BpfMap> maps = [];
    private readonly Dictionary<string, BpfMap> migrateFrom = [];
    private readonly List<SharedMap> outcomes = [];

    internal IReadOnlyList<SharedMap> Outcomes => outcomes;

    /// <summary>Before the object is loaded: hands it the maps that exist.</summary>
    internal void Offer(BpfObject o)
    {
        foreach (var declared in o.Maps.Where(IsShared).ToList())
        {
            if (MapCatalogue.Find(declared.Name) is { } definition)
            {
                AbiCheck.RequireDeclaration(o, definition, declared);
            }

            if (maps.TryGetValue(declared.Name, out var known))
            {
                RequireSame(o, declared, known);
                o.ReuseMap(declared.Name, known);
            }
            else if (BpfMap.TryOpenPinned(paths.Map(declared.Name)) is { } pinned)
            {
                Consider(o, declared, pinned);
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
        foreach (var (name, old) in migrateFrom)
        {
            Copy(old, maps[name]);
        }

        foreach (var outcome in outcomes.Where(m => m.Outcome != SharedMapOutcome.Adopted))
        {
            var path = paths.Map(outcome.Name);
            if (outcome.Outcome != SharedMapOutcome.Created)
            {
                using var old = BpfMap.OpenPinned(path);
                File.Move(path, $"{path}{RetiredMark}{old.Info.Id}", overwrite: true);
            }

            maps[outcome.Name].Pin(path);
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
        foreach (var map in maps.Values.Concat(migrateFrom.Values))
        {
            map.Dispose();
        }
    }

    private static bool IsShared(BpfMapDeclaration map) => map.PinByName;

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
            migrateFrom[declared.Name] = pinned;
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

    private void Copy(BpfMap from, BpfMap to)
    {
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
                to.Update(key, value);
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
