namespace Waggle.Lab.Nodes.Images;

/// <summary>Names of images, e.g. <c>docker.io/library/nginx:1.27@sha256:…</c>.</summary>
internal static class ImageReference
{
    /// <summary>The name as the table writes it: without tag, digest and Docker's default host and namespace.</summary>
    public static string Normalize(string image)
    {
        string name = image.Split('@', 2)[0];
        int colon = name.LastIndexOf(':');
        // A colon before the last slash belongs to a registry's port.
        if (colon > name.LastIndexOf('/'))
            name = name[..colon];
        foreach (string prefix in (ReadOnlySpan<string>)["docker.io/", "index.docker.io/", "registry-1.docker.io/"])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                name = name[prefix.Length..];
        }
        return name.StartsWith("library/", StringComparison.Ordinal) ? name["library/".Length..] : name;
    }

    /// <summary>What a runtime reports as the image's name: with host and tag.</summary>
    public static string Display(string image)
    {
        string name = image.Contains('/') ? image : $"library/{image}";
        string host = name[..name.IndexOf('/', StringComparison.Ordinal)];
        if (!host.Contains('.') && !host.Contains(':') && host != "localhost")
            name = $"docker.io/{name}";
        bool tagged = name.Contains('@') || name.LastIndexOf(':') > name.LastIndexOf('/');
        return tagged ? name : $"{name}:latest";
    }
}
