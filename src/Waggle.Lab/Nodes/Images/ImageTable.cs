using System.Text.Json.Nodes;
using Waggle.Kube.Json;

namespace Waggle.Lab.Nodes.Images;

/// <summary>The table from image names to programs (<c>images.yaml</c>); the machine's owner may add entries in a file of the same shape.</summary>
internal sealed class ImageTable
{
    /// <summary>Entries in this file come before the built-in ones.</summary>
    public const string LocalFile = "/etc/waggle/images.yaml";

    private readonly IReadOnlyList<ImageEntry> _entries;

    private ImageTable(IReadOnlyList<ImageEntry> entries) => _entries = entries;

    /// <summary>Reads the built-in table and, when it exists, the machine's own.</summary>
    /// <exception cref="FormatException">A file is not such a table; the message names it.</exception>
    public static ImageTable Load(string localFile = LocalFile)
    {
        using Stream stream = typeof(ImageTable).Assembly.GetManifestResourceStream("Waggle.Lab.images.yaml")
            ?? throw new InvalidOperationException("images.yaml is not embedded");
        using var reader = new StreamReader(stream);
        IReadOnlyList<ImageEntry> builtIn = Parse("images.yaml", reader.ReadToEnd());
        return new ImageTable(File.Exists(localFile) ? [.. Parse(localFile, File.ReadAllText(localFile)), .. builtIn] : builtIn);
    }

    internal static ImageTable Of(params IReadOnlyList<ImageEntry> entries) => new(entries);

    /// <summary>The first entry that matches, or null.</summary>
    public ImageEntry? Find(string image)
    {
        string name = ImageReference.Normalize(image);
        return _entries.FirstOrDefault(entry => entry.Matches(name));
    }

    /// <summary>The Debian package that brings a program, as far as the table says.</summary>
    public string? PackageOf(string program) =>
        _entries.Select(entry => entry.Programs.GetValueOrDefault(program)).FirstOrDefault(package => package is not null);

    internal static IReadOnlyList<ImageEntry> Parse(string file, string yaml)
    {
        try
        {
            List<ImageEntry> entries = [];
            foreach (JsonObject document in KubeYaml.ReadAll(yaml))
            {
                foreach (JsonNode? item in document["images"]?.AsArray() ?? [])
                    entries.Add(ReadEntry(item?.AsObject() ?? throw new FormatException("an entry of 'images' is empty")));
            }
            return entries;
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw new FormatException($"{file} is not a table of images: {e.Message}", e);
        }
    }

    private static ImageEntry ReadEntry(JsonObject item) => new()
    {
        Match = Texts(item, "match") is { Count: > 0 } match ? match : throw new FormatException("an entry has no 'match'"),
        Entrypoint = Texts(item, "entrypoint"),
        Command = Texts(item, "command"),
        Path = Texts(item, "path"),
        Env = Map(item, "env"),
        Programs = Map(item, "programs"),
    };

    private static List<string> Texts(JsonObject item, string key) => [.. (item[key]?.AsArray() ?? []).Select(text => text!.ToString())];

    private static Dictionary<string, string> Map(JsonObject item, string key) =>
        (item[key]?.AsObject() ?? []).ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? "");
}
