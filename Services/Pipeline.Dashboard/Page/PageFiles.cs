using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Dashboard.Page;

/// <summary>
/// The files that the pages name: styles, scripts, the icon. They are inside the assembly, so that every host serves the same from
/// wherever it runs, and read from it only when a browser asks.
/// </summary>
internal static class PageFiles
{
    private static readonly FrozenDictionary<string, PageFile> Files = new PageFile[]
    {
        new("/page/app.css", "app.css", "text/css; charset=utf-8"),
        new("/page/app.js", "app.js", "text/javascript; charset=utf-8"),
        new("/page/chart.js", "chart.js", "text/javascript; charset=utf-8"),
        new("/page/echarts.js", "echarts.js", "text/javascript; charset=utf-8"),
        new("/page/echarts-license.txt", "echarts-license.txt", "text/plain; charset=utf-8"),
        new("/_framework/blazor.web.js", "blazor.web.js", "text/javascript; charset=utf-8"),
        new("/favicon.ico", "icon.svg", "image/svg+xml"),
    }.ToFrozenDictionary(file => file.Path, StringComparer.Ordinal);

    /// <summary>A file's address with the version of its content, so that a browser may keep it for good.</summary>
    public static string Address(string path) => $"{path}?v={Files[path].Version}";

    public static void MapPageFiles(this IEndpointRouteBuilder app)
    {
        foreach (var file in Files.Values)
        {
            app.MapGet(file.Path, FileContentHttpResult (HttpContext context) =>
            {
                var isNamedByVersion = context.Request.Query["v"] == file.Version;
                context.Response.Headers.CacheControl = isNamedByVersion ? "public, max-age=31536000, immutable" : "no-cache";
                context.Response.Headers.Vary = "Accept-Encoding";
                var isPacked = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
                if (isPacked)
                {
                    context.Response.Headers.ContentEncoding = "gzip";
                }

                // A tag names the bytes that are sent, so packed ones have another.
                var tag = isPacked ? $"\"{file.Version}-gzip\"" : $"\"{file.Version}\"";
                return TypedResults.Bytes(isPacked ? file.Packed : file.Bytes, file.ContentType, entityTag: new EntityTagHeaderValue(tag));
            }).ExcludeFromDescription();
        }
    }

    private sealed class PageFile(string path, string resource, string contentType)
    {
        private readonly Lazy<byte[]> _bytes = new(() => Read(resource));
        private readonly Lazy<byte[]> _packed = new(() => Pack(Read(resource)));
        private readonly Lazy<string> _version = new(() => Convert.ToHexStringLower(SHA256.HashData(Read(resource)))[..16]);

        public string Path => path;

        public string ContentType => contentType;

        public byte[] Bytes => _bytes.Value;

        public byte[] Packed => _packed.Value;

        public string Version => _version.Value;

        private static byte[] Pack(byte[] bytes)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            {
                gzip.Write(bytes);
            }

            return packed.ToArray();
        }

        private static byte[] Read(string resource)
        {
            using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream($"Page.{resource}")
                ?? throw new InvalidOperationException($"The page's file {resource} is not in the assembly.");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }
}
