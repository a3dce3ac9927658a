using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Images;

namespace Waggle.Lab.Tests.Nodes.Images;

public sealed class ImageTests
{
    [Theory]
    [InlineData("nginx", "nginx", "docker.io/library/nginx:latest")]
    [InlineData("docker.io/library/nginx:1.27", "nginx", "docker.io/library/nginx:1.27")]
    [InlineData("nicolaka/netshoot", "nicolaka/netshoot", "docker.io/nicolaka/netshoot:latest")]
    [InlineData("quay.io/cilium/cilium:v1.17.0@sha256:abc", "quay.io/cilium/cilium", "quay.io/cilium/cilium:v1.17.0@sha256:abc")]
    [InlineData("localhost:5000/a/b", "localhost:5000/a/b", "localhost:5000/a/b:latest")]
    [InlineData("registry:5000/a@sha256:abc", "registry:5000/a", "registry:5000/a@sha256:abc")]
    public void Reference_OfAnyShape_HasOneName(string image, string name, string display)
    {
        Assert.Equal(name, ImageReference.Normalize(image));
        Assert.Equal(display, ImageReference.Display(image));
    }

    [Theory]
    [InlineData("nicolaka/netshoot", "", "", "bash")]
    [InlineData("nicolaka/netshoot", "", "socat -", "socat -")]
    [InlineData("hashicorp/http-echo", "", "-text=x", "/opt/waggle/lib/waggle-lab-http -text=x")]
    [InlineData("nginx:1.27", "sleep 1", "", "sleep 1")]
    [InlineData("registry.k8s.io/pause:3.9", "", "", "/opt/waggle/lib/waggle-podexec pause")]
    [InlineData("unknown/image", "run it", "now", "run it now")]
    [InlineData("unknown/image", "", "just args", "just args")]
    public void Resolve_CommandAndArgs_FollowTheRulesOfImages(string image, string command, string args, string expected)
    {
        var container = new Container { Image = image };
        ResolvedCommand resolved = ImageResolver.Resolve(ImageTable.Load("/nonexistent"), container, Words(command), Words(args));
        Assert.Equal(Words(expected), resolved.Arguments);
    }

    [Fact]
    public void Resolve_UnknownImageWithoutCommand_NamesTableAndFile()
    {
        ImageException error = Assert.Throws<ImageException>(() => ImageResolver.Resolve(ImageTable.Load("/nonexistent"), new Container { Image = "a/b:1" }, [], []));
        Assert.Contains("no program for \"a/b\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(ImageTable.LocalFile, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_LocalFile_ComesFirst()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "images: [{match: [nginx], command: [mine]}]");
            Assert.Equal(["mine"], ImageTable.Load(file).Find("nginx:1")!.Command);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("images: [{command: [x]}]")]
    [InlineData("images: [null]")]
    [InlineData("images: [{match: nginx}]")]
    [InlineData("images: {a: b}")]
    [InlineData("[")]
    public void Parse_SomethingElse_NamesTheFile(string yaml)
    {
        Assert.StartsWith("f.yaml is not a table of images", Assert.Throws<FormatException>(() => ImageTable.Parse("f.yaml", yaml)).Message, StringComparison.Ordinal);
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
