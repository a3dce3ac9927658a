using Microsoft.Extensions.Logging;
using Waggle.Bpf;
using Waggle.Linux;

namespace Waggle.Datapath.Loading;

/// <summary>
/// Loads the datapath: opens every object, holds its layouts against the C# types, writes the configuration into <c>.rodata</c>,
/// adopts the pinned maps, loads the programs, and only when all of them are accepted pins what is new. Forwarding goes on with
/// the old programs until <see cref="Attaching.Attachments"/> replaces the links.
/// </summary>
public sealed partial class DatapathLoader(DatapathLoaderOptions options, ILogger<DatapathLoader> logger)
{
    private const string ConfigVariable = "config";

    /// <summary>Loads all objects.</summary>
    /// <exception cref="BpfLayoutException">An object does not fit the C# types.</exception>
    /// <exception cref="BpfVerifierException">The kernel's verifier refused a program.</exception>
    /// <exception cref="BpfException">No bpffs, no privilege, out of memory.</exception>
    public LoadedDatapath Load(DatapathConfig config)
    {
        RequireBpffs(options.Paths.Bpffs);
        Directory.CreateDirectory(options.Paths.Maps);
        Directory.CreateDirectory(options.Paths.Links);
        Directory.CreateDirectory(options.Paths.Programs);
        using var shared = new SharedMaps(options.Paths, options.Catalogue, logger);
        var programs = new Dictionary<string, BpfProgram>();
        try
        {
            foreach (var (name, elf) in options.Objects ?? EmbeddedObjects.Names.ToDictionary(n => n, EmbeddedObjects.Read))
            {
                LoadObject(name, elf, config.ToAbi(), shared, programs);
            }

            shared.Publish();
            foreach (var name in options.PinnedPrograms)
            {
                if (programs.TryGetValue(name, out var program))
                {
                    Repin(program, options.Paths.Program(name));
                }
            }

            LogLoaded(programs.Count, shared.Outcomes.Count, shared.Outcomes.Count(m => m.Outcome == SharedMapOutcome.Adopted));
            return new LoadedDatapath(options.Paths, programs, shared.Release(), shared.Outcomes);
        }
        catch
        {
            foreach (var program in programs.Values)
            {
                program.Dispose();
            }

            throw;
        }
    }

    private void LoadObject(string name, byte[] elf, in Abi.DatapathConfig config, SharedMaps shared, Dictionary<string, BpfProgram> programs)
    {
        using var o = BpfObject.Open(elf, new BpfObjectOptions { Name = name });
        AbiCheck.RequireObject(o);
        if (o.VariableNames(".rodata").Contains(ConfigVariable))
        {
            o.SetVariable(ConfigVariable, config);
        }

        foreach (var (map, size) in options.MapSizes)
        {
            if (o.HasMap(map))
            {
                o.SetMaxEntries(map, size);
            }
        }

        shared.Offer(o);
        o.Load();
        shared.Collect(o);
        foreach (var program in o.ProgramNames.Where(o.WantsProgram))
        {
            if (!programs.TryAdd(program, o.GetProgram(program)))
            {
                throw new BpfException("load object", name, Errno.None, $"another object has a program named {program} too");
            }
        }
    }

    /// <summary>Replaces a pin in one step: a command that opens it meets the old or the new program.</summary>
    private static void Repin(BpfProgram program, string path)
    {
        var next = path + "-next";
        File.Delete(next);
        program.Pin(next);
        File.Move(next, path, overwrite: true);
    }

    private static void RequireBpffs(string path)
    {
        if (!Directory.Exists(path) || FileSystem.Of(path).Magic != FileSystemMagic.Bpf)
        {
            throw new BpfException("use", path, Errno.None, "it is no bpffs: mount one (mount -t bpf bpf " + path + ")");
        }
    }
}
