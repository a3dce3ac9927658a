using System.Globalization;
using System.Text;
using Waggle.Bpf;
using Waggle.Bpf.Btf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Tests.Abi;

/// <summary>A pinned map as the golden file describes it.</summary>
internal sealed record FrozenMap(string Name, int Version, string Type, string Key, string Value);

/// <summary>Everything of bpf/abi that outlives one build: enum numbers, layouts, pinned maps; as text and back.</summary>
/// <remarks>
/// <code>
/// enum NAME            struct NAME SIZE                   map NAME vVERSION TYPE KEY VALUE
///   NUMBER NAME          OFFSET SIZE TYPE PATH
/// </code>
/// </remarks>
internal sealed record FrozenAbi(
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Enums,
    IReadOnlyDictionary<string, BtfLayout> Structs,
    IReadOnlyDictionary<string, FrozenMap> Maps)
{
    private const string Header = "# The frozen ABI of bpf/abi: what is pinned, in ring buffers, or in numbers that others know. Written by a test: see AbiGoldenTests.\n";

    /// <summary>What the objects of this build say.</summary>
    internal static FrozenAbi OfThisBuild()
    {
        var maps = new SortedDictionary<string, FrozenMap>(StringComparer.Ordinal);
        foreach (var name in EmbeddedObjects.Names)
        {
            using var o = BpfObject.Open(EmbeddedObjects.Read(name), new BpfObjectOptions { Name = name });
            foreach (var declared in o.Maps.Where(m => m.PinByName))
            {
                var definition = MapCatalogue.Find(declared.Name) ?? throw new InvalidOperationException($"the pinned map {declared.Name} of {name} has no row in src/Waggle.Datapath/Maps/MapCatalogue.cs");
                maps[declared.Name] = new FrozenMap(declared.Name, definition.Version, declared.Type.ToString(), Or(definition.Key), Or(definition.Value));
            }
        }

        return new FrozenAbi(
            AbiLayouts.Enums.ToDictionary(e => e.Name, e => (IReadOnlyDictionary<string, long>)e.Values.ToDictionary(v => v.Name, v => (long)v.Value)),
            AbiLayouts.Structs.ToDictionary(s => s.Name),
            maps);
    }

    internal static FrozenAbi Parse(string text)
    {
        var enums = new Dictionary<string, IReadOnlyDictionary<string, long>>();
        var structs = new Dictionary<string, BtfLayout>();
        var maps = new Dictionary<string, FrozenMap>();
        Dictionary<string, long>? values = null;
        string? layout = null;
        foreach (var line in text.Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line[0] != ' ')
            {
                (values, layout) = (null, null);
            }

            switch (line[0] == ' ' ? "" : words[0])
            {
                case "enum":
                    enums[words[1]] = values = [];
                    break;
                case "struct":
                    layout = words[1];
                    structs[layout] = new BtfLayout(layout, Number(words[2]), []);
                    break;
                case "map":
                    maps[words[1]] = new FrozenMap(words[1], Number(words[2].TrimStart('v')), words[3], words[4], words[5]);
                    break;
                case "" when values is not null:
                    values[words[1]] = long.Parse(words[0], CultureInfo.InvariantCulture);
                    break;
                case "" when layout is not null:
                    structs[layout] = structs[layout] with { Fields = structs[layout].Fields.Add(new BtfLayoutField(words[3], Number(words[0]), Number(words[1]), words[2])) };
                    break;
                default:
                    throw new FormatException($"the golden file of the ABI has a line of no known kind: {line}");
            }
        }

        return new FrozenAbi(enums, structs, maps);
    }

    internal string Write()
    {
        var text = new StringBuilder(Header);
        foreach (var (name, values) in Enums.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nenum {name}\n");
            foreach (var (value, number) in values.OrderBy(v => v.Value).ThenBy(v => v.Key, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {number} {value}\n");
            }
        }

        foreach (var (name, layout) in Structs.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nstruct {name} {layout.Size}\n");
            foreach (var field in layout.Fields)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {field.Offset} {field.Size} {field.Type} {field.Path}\n");
            }
        }

        text.Append('\n');
        foreach (var map in Maps.Values.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"map {map.Name} v{map.Version} {map.Type} {map.Key} {map.Value}\n");
        }

        return text.ToString();
    }

    private static string Or(string type) => type.Length == 0 ? "-" : type;

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
