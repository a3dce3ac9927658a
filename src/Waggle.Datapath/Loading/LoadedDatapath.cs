using Waggle.Bpf;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>The programs and maps of one load. Disposing closes fds only: what is pinned or attached works on.</summary>
public sealed class LoadedDatapath : IDisposable
{
    private readonly DatapathPaths paths;
    private readonly IReadOnlyDictionary<string, BpfProgram> programs;
    private readonly List<BpfMap> handles;

    internal LoadedDatapath(DatapathPaths paths, IReadOnlyDictionary<string, BpfProgram> programs, Dictionary<string, BpfMap> maps, IReadOnlyList<SharedMap> outcomes)
    {
        this.paths = paths;
        this.programs = programs;
        Outcomes = outcomes;
        Maps = new DatapathMaps(name => maps.TryGetValue(name, out var map) ? map : throw new KeyNotFoundException($"no loaded object uses the map {name}"));
        handles = [.. maps.Values];
    }

    /// <summary>The shared maps.</summary>
    public DatapathMaps Maps { get; }

    /// <summary>
    /// What became of each shared map. Fill those that are <see cref="SharedMapOutcome.Replaced"/> before the links are replaced:
    /// the new programs see nothing else.
    /// </summary>
    public IReadOnlyList<SharedMap> Outcomes { get; }

    /// <summary>Names of the loaded programs.</summary>
    public IEnumerable<string> ProgramNames => programs.Keys;

    /// <summary>A loaded program by its name in C.</summary>
    public BpfProgram this[string program] =>
        programs.TryGetValue(program, out var found) ? found : throw new KeyNotFoundException($"no object has a program {program}; there are: {string.Join(", ", programs.Keys.Order())}");

    /// <summary>Call when all links run the new programs: lets go of the maps that were replaced.</summary>
    public void Commit() => SharedMaps.PruneRetired(paths);

    public void Dispose()
    {
        Maps.Dispose();
        foreach (var map in handles)
        {
            map.Dispose();
        }

        foreach (var program in programs.Values)
        {
            program.Dispose();
        }
    }
}
