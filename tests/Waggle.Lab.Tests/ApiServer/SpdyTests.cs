using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class SpdyTests
{
    // Recorded from kubectl: the header blocks of its first two streams.
    private const string First = "78F9E3C6A7C26260606004A7B392A2D4C45C6851C29A0A0A6800000000FFFF";
    private const string Second = "C22AC5565C92925F5A02000000FFFF";

    [Fact]
    public void Dictionary_IsTheOneOfSpdy3()
    {
        Assert.Equal(1423, SpdyDictionary.Bytes.Length);
        Assert.Equal(0xe3c6a7c2u, SpdyDictionary.Adler32);
    }

    [Fact]
    public void HeaderReader_OfRecordedBlocks_ReadsTheirHeaders()
    {
        using var reader = new SpdyHeaderReader();
        Assert.Equal("error", reader.Read(Convert.FromHexString(First))["streamType"]);
        Assert.Equal("stdout", reader.Read(Convert.FromHexString(Second))["streamtype"]);
    }

    [Fact]
    public void HeaderReader_OfWrittenBlocks_ReadsThem()
    {
        var writer = new SpdyHeaderWriter();
        using var reader = new SpdyHeaderReader();
        Assert.Equal("b", reader.Read(writer.Write(new Dictionary<string, string> { ["a"] = "b" }))["a"]);
        Assert.Equal("d", reader.Read(writer.Write(new Dictionary<string, string> { ["c"] = "d" }))["c"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("78F900000000")]
    [InlineData("78F9E3C6A7C2")]
    [InlineData("78F9E3C6A7C262606060")]
    [InlineData("78F9E3C6A7C2FFFFFFFFFFFFFFFF")]
    public void HeaderReader_OfDamagedBlocks_Refuses(string hex)
    {
        using var reader = new SpdyHeaderReader();
        Assert.Throws<InvalidDataException>(() => reader.Read(Convert.FromHexString(hex)));
    }

    [Fact]
    public async Task Connection_OfRandomBytes_Ends()
    {
        var random = new Random(11);
        for (var i = 0; i < 500; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 8)
            {
                (bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6]) = (0x80, 3, 0, (byte)random.Next(10), 0, 0, 0);
            }
            await using var connection = new SpdyConnection(new OneWay(bytes));
            connection.Start(TestContext.Current.CancellationToken);
            await connection.ClosedAsync(TimeSpan.FromSeconds(60));
            Assert.True(connection.Ended.IsCancellationRequested);
        }
    }

    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
