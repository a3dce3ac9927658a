using System.Globalization;
using System.Text.Json;

namespace Waggle.Agent.Endpoints;

/// <summary>The endpoints on disk, one directory each, so that a new agent knows them without asking anybody.</summary>
public sealed class EndpointStore(string root)
{
    private const string FileName = "endpoint.json";

    /// <summary>Every readable endpoint. A damaged one is put aside (<c>.damaged</c>) and named in <paramref name="damaged"/>.</summary>
    public IReadOnlyList<EndpointState> Load(out IReadOnlyList<string> damaged)
    {
        var found = new List<EndpointState>();
        var bad = new List<string>();
        if (Directory.Exists(root))
        {
            foreach (string directory in Directory.EnumerateDirectories(root))
            {
                string file = Path.Combine(directory, FileName);
                if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id) || !File.Exists(file))
                {
                    continue;
                }

                try
                {
                    using FileStream stream = File.OpenRead(file);
                    EndpointState? state = JsonSerializer.Deserialize(stream, EndpointStateJson.Default.EndpointState);
                    if (state is null || state.Id != id)
                    {
                        throw new JsonException($"the file says endpoint {state?.Id}");
                    }

                    found.Add(state);
                }
                catch (JsonException e)
                {
                    File.Move(file, file + ".damaged", overwrite: true);
                    bad.Add($"{file}: {e.Message}");
                }
            }
        }

        damaged = bad;
        return found;
    }

    /// <summary>Writes an endpoint; a reader sees the old or the new file, never a part.</summary>
    public void Save(EndpointState state)
    {
        string directory = PathOf(state.Id);
        Directory.CreateDirectory(directory);
        string file = Path.Combine(directory, FileName), temporary = file + ".new";
        using (FileStream stream = File.Create(temporary))
        {
            JsonSerializer.Serialize(stream, state, EndpointStateJson.Default.EndpointState);
        }

        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Forgets an endpoint; none is fine.</summary>
    public void Remove(int id)
    {
        string directory = PathOf(id);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private string PathOf(int id) => Path.Combine(root, id.ToString(CultureInfo.InvariantCulture));
}
