namespace Waggle.Hosting.Config;

/// <summary>A ConfigMap mounted as files: one per key.</summary>
public static class ConfigDirectory
{
    /// <summary>All keys and values; none when the directory does not exist. Entries starting with a dot belong to the mount.</summary>
    public static IReadOnlyDictionary<string, string> Read(string directory)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Directory.Exists(directory))
        {
            foreach (string file in Directory.EnumerateFiles(directory))
            {
                string name = Path.GetFileName(file);
                if (!name.StartsWith('.'))
                {
                    values[name] = File.ReadAllText(file);
                }
            }
        }

        return values;
    }
}
