using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Dashboard.Page;

/// <summary>The live page. Its files are inside the assembly, so that every host serves the same page from wherever it runs.</summary>
internal static class PageFiles
{
    public static void MapPage(this IEndpointRouteBuilder app)
    {
        Map(app, "/", "index.html", "text/html; charset=utf-8");
        Map(app, "/page/app.css", "app.css", "text/css; charset=utf-8");
        foreach (var script in new[] { "app.js", "views.js", "chart.js", "dom.js", "token.js" })
        {
            Map(app, $"/page/{script}", script, "text/javascript; charset=utf-8");
        }

        Map(app, "/favicon.ico", "icon.svg", "image/svg+xml");
    }

    private static void Map(IEndpointRouteBuilder app, string path, string file, string contentType)
    {
        var bytes = Read(file);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"");
        app.MapGet(path, FileContentHttpResult (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            return TypedResults.Bytes(bytes, contentType, entityTag: tag);
        }).ExcludeFromDescription();
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream($"Page.{file}")
            ?? throw new InvalidOperationException($"The page's file {file} is not in the assembly.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
